INSERT INTO sealed_nodes (node, before)
VALUES (?1, ?2)
ON CONFLICT (node) DO UPDATE
SET before = excluded.before
WHERE before < excluded.before
