SELECT zone, terms, since, node
FROM rollup_rules
WHERE node = ?1
