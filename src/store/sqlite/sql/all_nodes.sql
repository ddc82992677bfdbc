SELECT spec
FROM nodes
ORDER BY created_at, id
