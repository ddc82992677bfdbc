-- What begins in a span.
DELETE FROM rollup_days
WHERE node = ?1 AND at >= ?2 AND at < ?3
