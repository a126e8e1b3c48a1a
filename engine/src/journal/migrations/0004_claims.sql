-- Keys that uploads of this computer claimed in a bucket, each by an object under .rushes/claims/. A row is written before the
-- bucket is asked for one, and goes when the object is gone.
CREATE TABLE claim (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    transfer INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
    profile  TEXT    NOT NULL,
    bucket   TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    -- What the object names its owner by, beside the installation: random, and this row's alone.
    token    TEXT    NOT NULL,
    -- When the bucket last said that it is ours. Absent between the moment before it is asked and the answer.
    held_at  INTEGER,
    -- 'left': it is of no use any more, and the keys may not delete it.
    stage    TEXT    NOT NULL CHECK (stage IN ('wanted', 'over', 'left')),
    UNIQUE (transfer, bucket, key)
) STRICT;
