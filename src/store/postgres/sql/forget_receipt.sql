DELETE FROM receipts WHERE caller = $1 AND name = $2
