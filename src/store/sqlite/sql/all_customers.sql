SELECT id, community_id, name, version, created_at
FROM customers
ORDER BY id
