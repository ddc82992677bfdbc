INSERT INTO rollup_days_due (at, node)
VALUES (?1, ?2)
ON CONFLICT (at, node) DO NOTHING
