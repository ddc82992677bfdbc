SELECT spec::text
FROM nodes
WHERE id = $1
