SELECT id, node, name, digest, created_at, last_used_at
FROM device_keys
ORDER BY created_at, id
