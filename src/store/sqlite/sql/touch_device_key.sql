-- A use that is told late never hides a later one.
UPDATE device_keys
SET last_used_at = ?2
WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)
