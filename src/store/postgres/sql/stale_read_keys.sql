SELECT node, channel_id, read_key
FROM channel_secrets
-- The first byte of a blob is its format, the four after it name its key.
WHERE substring(read_key FROM 2 FOR 4) <> $1 AND ($2::uuid IS NULL OR node > $2)
ORDER BY node
LIMIT $3
