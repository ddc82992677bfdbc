DELETE FROM channel_secrets WHERE node = $1
