SELECT id, totp
FROM users
-- The first byte of a blob is its format, the four after it name its key; there is none in null.
WHERE substr(totp, 2, 4) <> ?1 AND (?2 IS NULL OR id > ?2)
ORDER BY id
LIMIT ?3
