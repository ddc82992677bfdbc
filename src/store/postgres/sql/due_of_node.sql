SELECT at
FROM rollup_days_due
WHERE node = $1 AND at >= $2 AND at < $3
ORDER BY at
