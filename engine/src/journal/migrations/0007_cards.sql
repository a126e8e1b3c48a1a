-- Batches that are a camera card.
CREATE TABLE card (
    batch   INTEGER PRIMARY KEY REFERENCES batch (id) ON DELETE CASCADE,
    profile TEXT    NOT NULL,
    -- JSON, as in `cards::Kind`.
    kind    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    clips   INTEGER NOT NULL,
    -- The folder of its keys, and what tells it from another card of the same name: its first clip. Two such cards never
    -- share a folder, in which their files would be numbered apart.
    place   TEXT    NOT NULL,
    mark    TEXT    NOT NULL
) STRICT;
CREATE INDEX card_by_place ON card (profile, place);
