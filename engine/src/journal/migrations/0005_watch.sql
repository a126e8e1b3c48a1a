-- Watch folders: any number, each with its settings as JSON. The one of the version before is carried over.
CREATE TABLE watch_folder (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL
) STRICT;

INSERT INTO watch_folder (body)
SELECT json_object(
    'id', 0, 'path', value ->> '$.path', 'profile', value ->> '$.profile', 'keyTemplate', NULL,
    'fields', json(coalesce(value -> '$.fields', '{}')), 'only', json('[]'), 'except', json('[]'), 'breaking', json('false'),
    'afterwards', 'leave', 'limit', NULL, 'whileShot', json('false'), 'quietSeconds', NULL, 'stopped', json('false'))
FROM setting WHERE name = 'watch folder' AND json_type(value) = 'object';
DELETE FROM setting WHERE name = 'watch folder';

-- The watch folder that a file was found in.
ALTER TABLE transfer ADD COLUMN folder INTEGER;

-- What was taken from watch folders, by place: what it looked like then, and the transfer that carries or carried it, which
-- knows its key and the checksum that it was proved by.
CREATE TABLE watch_taken (
    id       INTEGER PRIMARY KEY,
    profile  TEXT    NOT NULL,
    -- Of the file, whole, as the system spells it.
    path     BLOB    NOT NULL,
    size     INTEGER NOT NULL,
    -- Nanoseconds.
    modified INTEGER NOT NULL,
    -- 0 where the file system tells none.
    inode    INTEGER NOT NULL,
    transfer INTEGER NOT NULL,
    -- Something is still to be done with the file once it is proved to be in the bucket.
    pending  INTEGER NOT NULL,
    UNIQUE (profile, path)
) STRICT;

CREATE INDEX watch_taken_by_size ON watch_taken (profile, size);

INSERT INTO watch_taken (profile, path, size, modified, inode, transfer, pending)
SELECT t.profile, w.path, w.size, w.modified, 0, w.transfer, 0 FROM watched w JOIN transfer t ON t.id = w.transfer;
DROP TABLE watched;
