SELECT id, name, nodes, raw_days, alarm_days, audit_days, requests_per_minute, sockets, version, created_at
FROM plans
ORDER BY id
