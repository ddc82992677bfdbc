SELECT caller, name, answer
FROM receipts
-- The first byte of a blob is its format, the four after it name its key; there is none in null.
WHERE substr(answer, 2, 4) <> ?1 AND (?2 IS NULL OR (caller, name) > (?2, ?3))
ORDER BY caller, name
LIMIT ?4
