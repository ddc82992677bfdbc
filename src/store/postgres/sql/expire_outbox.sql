-- At most $2 messages that nobody took for thirty days before $1: whoever comes back after that asks anew.
DELETE FROM outbox WHERE id IN (
    SELECT id
    FROM outbox
    WHERE created_at < $1::timestamptz - interval '30 days'
    LIMIT $2
)
RETURNING true
