SELECT id, name, version, created_at
FROM distributors
ORDER BY id
