-- The first node after $1 that has samples before $2.
SELECT min(node::text)::uuid FROM (
    (SELECT node FROM telemetry_tank WHERE node > $1 AND source_at < $2 ORDER BY node LIMIT 1)
    UNION ALL
    (SELECT node FROM telemetry_flow WHERE node > $1 AND source_at < $2 ORDER BY node LIMIT 1)
    UNION ALL
    (SELECT node FROM telemetry_deep WHERE node > $1 AND source_at < $2 ORDER BY node LIMIT 1)
    UNION ALL
    (SELECT node FROM telemetry_generic WHERE node > $1 AND source_at < $2 ORDER BY node LIMIT 1)
) AS firsts
