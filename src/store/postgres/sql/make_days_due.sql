INSERT INTO rollup_days_due (at, node)
SELECT DISTINCT at, $2::uuid
FROM unnest($1::timestamptz[]) AS batch (at)
ON CONFLICT (at, node) DO NOTHING
