SELECT node
FROM twin_snapshots
WHERE node > ?1
ORDER BY node
LIMIT ?2
