-- What decides a transfer's place beside what has begun. A deadline's moment is milliseconds since 1970 UTC; the zone is
-- the one in which it was said.
ALTER TABLE transfer ADD COLUMN breaking INTEGER NOT NULL DEFAULT 0;
ALTER TABLE transfer ADD COLUMN deadline INTEGER;
ALTER TABLE transfer ADD COLUMN deadline_zone TEXT;
