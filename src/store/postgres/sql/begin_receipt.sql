INSERT INTO receipts (caller, name, request, begun_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (caller, name) DO UPDATE
SET request = excluded.request,
    begun_at = excluded.begun_at,
    answer = NULL
-- One that has expired counts for none.
WHERE receipts.begun_at < $5
