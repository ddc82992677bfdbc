-- Samples of a node that were measured before this instant may be gone, and rollups of that time are not
-- made again. By node, since each may be kept for another time.
CREATE TABLE sealed_nodes (
    node   BLOB    NOT NULL PRIMARY KEY,
    before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO sealed_nodes (node, before)
SELECT rollup_rules.node, sealed.before
FROM rollup_rules, sealed;

DROP TABLE sealed;
