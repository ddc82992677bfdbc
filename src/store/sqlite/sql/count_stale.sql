SELECT (SELECT count(*) FROM channel_secrets WHERE substr(read_key, 2, 4) <> ?1)
    + (SELECT count(*) FROM users WHERE substr(totp, 2, 4) <> ?1)
    + (SELECT count(*) FROM receipts WHERE substr(answer, 2, 4) <> ?1)
