DELETE FROM rollup_days_due
WHERE node = $1 AND at >= $2
