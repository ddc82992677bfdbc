INSERT INTO channel_secrets (node, channel_id, read_key)
VALUES ($1, $2, $3)
ON CONFLICT (node) DO UPDATE
SET channel_id = excluded.channel_id,
    read_key = excluded.read_key
