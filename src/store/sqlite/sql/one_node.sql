SELECT spec
FROM nodes
WHERE id = ?1
