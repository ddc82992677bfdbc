INSERT INTO device_keys (id, node, name, digest, created_at)
SELECT $1, $2, $3, $4, $5
-- No more than so many a node.
WHERE (SELECT count(*) FROM device_keys WHERE node = $2) < $6
RETURNING id
