SELECT EXISTS (SELECT 1 FROM channel_secrets WHERE node = ?1)
