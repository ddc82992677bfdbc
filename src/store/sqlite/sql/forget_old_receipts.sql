DELETE FROM receipts
WHERE rowid IN (SELECT rowid FROM receipts WHERE begun_at < ?1 ORDER BY begun_at LIMIT ?2)
