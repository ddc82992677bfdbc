SELECT id, totp
FROM users
-- The first byte of a blob is its format, the four after it name its key; there is none in null.
WHERE substring(totp FROM 2 FOR 4) <> $1 AND ($2::uuid IS NULL OR id > $2)
ORDER BY id
LIMIT $3
