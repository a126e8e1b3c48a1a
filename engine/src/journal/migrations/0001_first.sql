-- What is durably true. Times are milliseconds since 1970 UTC unless a column says otherwise; no table holds a secret.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE profile (
    name   TEXT PRIMARY KEY,
    -- The profile as JSON. Where its keys are is said in it; what they are is in the keychain only.
    body   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What an S3-compatible store was found to offer (JSON).
CREATE TABLE store (
    endpoint TEXT NOT NULL,
    bucket   TEXT NOT NULL,
    offers   TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    PRIMARY KEY (endpoint, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE batch (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    added_at INTEGER NOT NULL
) STRICT;

CREATE TABLE transfer (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    batch      INTEGER NOT NULL REFERENCES batch (id),
    direction  TEXT    NOT NULL CHECK (direction IN ('up', 'down')),
    profile    TEXT    NOT NULL,
    bucket     TEXT    NOT NULL,
    -- What was asked for; two live transfers never share it. See `Transfer::asked`.
    asked      TEXT    NOT NULL,
    -- The key wanted, and the one that it became where that was taken.
    wanted     TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    -- The local file, as the system spells it.
    path       BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    story      TEXT    NOT NULL,
    -- The object's metadata, JSON.
    metadata   TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    -- The source as it was when it began to go up, nanoseconds.
    modified   INTEGER NOT NULL DEFAULT 0,
    touched    INTEGER NOT NULL DEFAULT 0,
    -- The version that a download is held to, JSON.
    held       TEXT,
    -- JSON.
    status     TEXT    NOT NULL,
    live       INTEGER NOT NULL,
    added_at   INTEGER NOT NULL,
    started_at INTEGER,
    ended_at   INTEGER,
    forgotten  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX one_live_transfer ON transfer (profile, direction, asked) WHERE live = 1;
CREATE INDEX transfer_by_batch ON transfer (batch);

-- A part counts when its ETag and checksum are here. For downloads it is a range, and `etag` is empty.
CREATE TABLE part (
    transfer INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    offset   INTEGER NOT NULL,
    length   INTEGER NOT NULL,
    etag     TEXT,
    crc64    BLOB,
    lane     INTEGER NOT NULL DEFAULT 0,
    acked_at INTEGER,
    PRIMARY KEY (transfer, number)
) STRICT, WITHOUT ROWID;

-- Every multipart upload that this computer began, until S3 confirmed that it is completed or gone.
CREATE TABLE upload (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    transfer  INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
    profile   TEXT    NOT NULL,
    bucket    TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    -- Absent between the moment before it is asked for and the answer.
    upload_id TEXT,
    stage     TEXT    NOT NULL CHECK (stage IN ('asked', 'live', 'completing', 'completed', 'aborting', 'aborted')),
    begun_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX upload_by_transfer ON upload (transfer);
CREATE INDEX upload_by_stage ON upload (stage);

-- Files of the watch folder that were taken, each once.
CREATE TABLE watched (
    path     BLOB    NOT NULL PRIMARY KEY,
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    transfer INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys that were seen in the bucket, so that new ones can be told.
CREATE TABLE known_clip (
    profile TEXT NOT NULL,
    key     TEXT NOT NULL,
    PRIMARY KEY (profile, key)
) STRICT, WITHOUT ROWID;
