UPDATE receipts
SET answer = $3
-- An answer never changes.
WHERE caller = $1 AND name = $2 AND answer IS NULL
RETURNING true
