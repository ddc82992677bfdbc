UPDATE plans
SET name = $2,
    nodes = $3,
    raw_days = $4,
    alarm_days = $5,
    audit_days = $6,
    requests_per_minute = $7,
    sockets = $8,
    version = $9,
    created_at = $10
-- Only over the version that the writer saw.
WHERE id = $1 AND version = $9::bigint - 1
RETURNING id
