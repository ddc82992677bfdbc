SELECT id, network, action, note, created_at
FROM ip_rules
ORDER BY created_at, id
