-- Files that go up while they are written: 'growing' until the writer has left, then 'ended' until all is compared and sent.
ALTER TABLE transfer ADD COLUMN recording TEXT NOT NULL DEFAULT 'none' CHECK (recording IN ('none', 'growing', 'ended'));
-- The file's own number on its disk: by it a recording is found that was renamed.
ALTER TABLE transfer ADD COLUMN file INTEGER;
-- What became of it, for its row.
ALTER TABLE transfer ADD COLUMN said TEXT;
