SELECT node, channel_id, read_key
FROM channel_secrets
-- The first byte of a blob is its format, the four after it name its key.
WHERE substr(read_key, 2, 4) <> ?1 AND (?2 IS NULL OR node > ?2)
ORDER BY node
LIMIT ?3
