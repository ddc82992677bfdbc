SELECT (SELECT count(*) FROM channel_secrets WHERE substring(read_key FROM 2 FOR 4) <> $1)
    + (SELECT count(*) FROM users WHERE substring(totp FROM 2 FOR 4) <> $1)
    + (SELECT count(*) FROM receipts WHERE substring(answer FROM 2 FOR 4) <> $1)
