DELETE FROM receipts
WHERE (caller, name) IN (
    SELECT caller, name FROM receipts WHERE begun_at < $1 ORDER BY begun_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING true
