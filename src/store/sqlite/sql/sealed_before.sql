SELECT before
FROM sealed_nodes
WHERE node = ?1
