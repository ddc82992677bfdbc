SELECT node, at
FROM rollup_days_due
WHERE at < ?1
ORDER BY at, node
LIMIT ?2
