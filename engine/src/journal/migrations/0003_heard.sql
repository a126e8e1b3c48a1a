-- Keys of buckets that are copied elsewhere, as lists named them. A key in known_clip was told of as well; one here need not
-- have been. While the bucket cannot be asked, these tell what is not copied yet from what nobody has.
CREATE TABLE heard_clip (
    profile TEXT NOT NULL,
    key     TEXT NOT NULL,
    PRIMARY KEY (profile, key)
) STRICT, WITHOUT ROWID;
