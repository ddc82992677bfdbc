INSERT INTO logged_nodes (node)
SELECT *
FROM unnest($1::uuid[])
ON CONFLICT (node) DO NOTHING
