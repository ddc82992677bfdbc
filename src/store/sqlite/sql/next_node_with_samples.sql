-- The first node after ?1 that has samples; an empty blob is before every node.
SELECT min(node) FROM (
    SELECT (SELECT min(node) FROM telemetry_tank WHERE node > ?1) AS node
    UNION ALL
    SELECT (SELECT min(node) FROM telemetry_flow WHERE node > ?1)
    UNION ALL
    SELECT (SELECT min(node) FROM telemetry_deep WHERE node > ?1)
    UNION ALL
    SELECT (SELECT min(node) FROM telemetry_generic WHERE node > ?1)
)
