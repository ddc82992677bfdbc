SELECT node, channel_id, read_key
FROM channel_secrets
ORDER BY channel_id, node
