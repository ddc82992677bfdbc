-- Who did what, in chains: one of each community, of each distributor, and the nil one of the service.
-- How far each chain is.
CREATE TABLE audit_chains (
    chain  BLOB    NOT NULL PRIMARY KEY CHECK (length(chain) = 16),
    number INTEGER NOT NULL CHECK (number >= 0),
    key    BLOB    NOT NULL CHECK (length(key) = 4),
    mac    BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT, WITHOUT ROWID;

-- Only ever added to. `key` and `mac` bind a row to the one before; `before` and `after` are JSON without
-- secrets, bound byte for byte.
CREATE TABLE audit (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    chain       BLOB    NOT NULL CHECK (length(chain) = 16),
    number      INTEGER NOT NULL CHECK (number > 0),
    key         BLOB    NOT NULL CHECK (length(key) = 4),
    mac         BLOB    NOT NULL CHECK (length(mac) = 32),
    at          INTEGER NOT NULL,
    actor_kind  TEXT    NOT NULL,
    actor       BLOB,
    session     BLOB,
    address     TEXT,
    correlation TEXT,
    action      TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('done', 'denied')),
    before      TEXT,
    after       TEXT,
    UNIQUE (chain, number)
) STRICT;

CREATE INDEX audit_of_target ON audit (target, id);
CREATE INDEX audit_of_actor ON audit (actor, id) WHERE actor IS NOT NULL;

-- The word of whoever has the key on how far a chain was.
CREATE TABLE audit_seals (
    chain       BLOB    NOT NULL,
    number      INTEGER NOT NULL CHECK (number > 0),
    head_number INTEGER NOT NULL,
    head_key    BLOB    NOT NULL CHECK (length(head_key) = 4),
    head_mac    BLOB    NOT NULL CHECK (length(head_mac) = 32),
    at          INTEGER NOT NULL,
    key         BLOB    NOT NULL CHECK (length(key) = 4),
    mac         BLOB    NOT NULL CHECK (length(mac) = 32),
    PRIMARY KEY (chain, number)
) STRICT, WITHOUT ROWID;

-- Where a chain begins whose front was taken for its age: the seal on the last row that was taken, and the
-- key's word that it was.
CREATE TABLE audit_cuts (
    chain       BLOB    NOT NULL PRIMARY KEY,
    number      INTEGER NOT NULL,
    head_number INTEGER NOT NULL,
    head_key    BLOB    NOT NULL,
    head_mac    BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    mac         BLOB    NOT NULL,
    cut_key     BLOB    NOT NULL,
    cut_mac     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TRIGGER audit_is_taken_up_to_its_cut BEFORE DELETE ON audit
WHEN old.number > coalesce((SELECT head_number FROM audit_cuts WHERE chain = old.chain), 0)
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TRIGGER audit_seals_are_only_added_to BEFORE UPDATE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TRIGGER audit_seals_are_taken_up_to_their_cut BEFORE DELETE ON audit_seals
WHEN old.number > coalesce((SELECT number FROM audit_cuts WHERE chain = old.chain), 0)
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TRIGGER audit_chains_only_grow BEFORE UPDATE ON audit_chains
WHEN new.chain <> old.chain OR new.number <> old.number + 1
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TRIGGER audit_chains_stay BEFORE DELETE ON audit_chains
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TRIGGER audit_cuts_only_advance BEFORE UPDATE ON audit_cuts
WHEN new.chain <> old.chain OR new.head_number <= old.head_number
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TRIGGER audit_cuts_stay BEFORE DELETE ON audit_cuts
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
