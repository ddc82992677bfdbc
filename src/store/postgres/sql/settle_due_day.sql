DELETE FROM rollup_days_due
WHERE at = $1 AND node = $2
