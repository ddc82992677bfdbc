SELECT zone, terms, since, node
FROM rollup_rules
