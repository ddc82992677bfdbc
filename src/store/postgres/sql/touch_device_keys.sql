-- In the order of ids: writers do not wait for each other in a circle.
WITH locked AS (
    SELECT device_keys.id, uses.at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS uses (id, at)
    JOIN device_keys USING (id)
    ORDER BY device_keys.id
    FOR UPDATE OF device_keys
)
UPDATE device_keys
SET last_used_at = locked.at
FROM locked
-- A use that is told late never hides a later one.
WHERE device_keys.id = locked.id AND (last_used_at IS NULL OR last_used_at < locked.at)
