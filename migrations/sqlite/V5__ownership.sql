-- How often the right to write was taken. What keeps others out is the lock on the directory; the count
-- says which service a row is of, as it does in every store.
CREATE TABLE ownership (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    epoch    INTEGER NOT NULL
) STRICT;

INSERT INTO ownership (only_row, epoch) VALUES (1, 0);

-- The ownership under which the snapshot was written.
ALTER TABLE twin_snapshots ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;

-- A twin never goes back, whoever says so: what wrote an older one after a newer one is not its owner.
CREATE TRIGGER twin_snapshots_never_go_back
BEFORE UPDATE ON twin_snapshots
WHEN new.revision < old.revision OR new.epoch < old.epoch
BEGIN
    SELECT RAISE(ABORT, 'a twin went back');
END;
