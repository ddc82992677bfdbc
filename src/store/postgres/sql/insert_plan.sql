INSERT INTO plans (id, name, nodes, raw_days, alarm_days, audit_days, requests_per_minute, sockets, version, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
