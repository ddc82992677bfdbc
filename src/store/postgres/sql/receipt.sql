SELECT request, begun_at, answer FROM receipts WHERE caller = $1 AND name = $2
