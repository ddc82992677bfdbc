-- From where the service may be reached: networks that are let in, or kept out.
CREATE TABLE ip_rules (
    id         BLOB    NOT NULL PRIMARY KEY,
    network    TEXT    NOT NULL,
    action     TEXT    NOT NULL CHECK (action IN ('allow', 'deny')),
    note       TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (network, action)
) STRICT, WITHOUT ROWID;
