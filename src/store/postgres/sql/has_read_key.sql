SELECT EXISTS (SELECT FROM channel_secrets WHERE node = $1)
