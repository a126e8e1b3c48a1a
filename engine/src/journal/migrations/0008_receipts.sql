-- What the store answered when an upload was complete: which version it became, and by what it can be told again.
CREATE TABLE sent (
    transfer INTEGER PRIMARY KEY REFERENCES transfer (id) ON DELETE CASCADE,
    version  TEXT,
    etag     TEXT,
    -- The whole's CRC64NVME as it was read here. Absent where the bucket had the clip already.
    crc64    BLOB
) STRICT;

-- Batches that came as one folder, such as a card, and how far their receipts are.
CREATE TABLE receipt (
    batch INTEGER PRIMARY KEY REFERENCES batch (id) ON DELETE CASCADE,
    -- The folder, as the system spells it.
    root  BLOB NOT NULL,
    -- JSON.
    state TEXT NOT NULL
) STRICT;

CREATE INDEX transfer_by_path ON transfer (path) WHERE direction = 'up';
