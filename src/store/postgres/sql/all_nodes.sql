SELECT spec::text
FROM nodes
ORDER BY created_at, id
