-- At most $2 commands that came to their end ninety days before $1: as long as an alarm that is over.
DELETE FROM commands WHERE id IN (
    SELECT id
    FROM commands
    WHERE state NOT IN ('queued', 'sent') AND changed_at < $1::timestamptz - interval '90 days'
    LIMIT $2
)
RETURNING true
