-- Of the next $2 sealed nodes after $1: the first that has sealed samples, its seal, and the last of all.
WITH looked AS (
    SELECT node, before FROM sealed_nodes WHERE node > $1 ORDER BY node LIMIT $2
), found AS (
    SELECT node, before
    FROM looked
    WHERE EXISTS (SELECT FROM telemetry_tank AS t WHERE t.node = looked.node AND source_at < before)
       OR EXISTS (SELECT FROM telemetry_flow AS t WHERE t.node = looked.node AND source_at < before)
       OR EXISTS (SELECT FROM telemetry_deep AS t WHERE t.node = looked.node AND source_at < before)
       OR EXISTS (SELECT FROM telemetry_generic AS t WHERE t.node = looked.node AND source_at < before)
    ORDER BY node
    LIMIT 1
)
SELECT last.node, found.node, found.before
FROM (SELECT node FROM looked ORDER BY node DESC LIMIT 1) AS last
LEFT JOIN found ON true
