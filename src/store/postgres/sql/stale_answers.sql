SELECT caller, name, answer
FROM receipts
-- The first byte of a blob is its format, the four after it name its key; there is none in null.
WHERE substring(answer FROM 2 FOR 4) <> $1 AND ($2::uuid IS NULL OR (caller, name) > ($2, $3::text))
ORDER BY caller, name
LIMIT $4
