-- Every node that has a change log, found by leaping from node to node along the primary keys
-- rather than by reading the history. Each leap ends in a null, which is left out.
WITH RECURSIVE
    tank (node) AS (
        SELECT min(node) FROM telemetry_tank
        UNION ALL
        SELECT (SELECT min(node) FROM telemetry_tank WHERE node > tank.node) FROM tank WHERE tank.node IS NOT NULL
    ),
    flow (node) AS (
        SELECT min(node) FROM telemetry_flow
        UNION ALL
        SELECT (SELECT min(node) FROM telemetry_flow WHERE node > flow.node) FROM flow WHERE flow.node IS NOT NULL
    ),
    deep (node) AS (
        SELECT min(node) FROM telemetry_deep
        UNION ALL
        SELECT (SELECT min(node) FROM telemetry_deep WHERE node > deep.node) FROM deep WHERE deep.node IS NOT NULL
    ),
    generic (node) AS (
        SELECT min(node) FROM telemetry_generic
        UNION ALL
        SELECT (SELECT min(node) FROM telemetry_generic WHERE node > generic.node) FROM generic WHERE generic.node IS NOT NULL
    ),
    events (node) AS (
        SELECT min(node) FROM twin_events
        UNION ALL
        SELECT (SELECT min(node) FROM twin_events WHERE node > events.node) FROM events WHERE events.node IS NOT NULL
    ),
    logged (node) AS (
        SELECT node FROM tank
        UNION
        SELECT node FROM flow
        UNION
        SELECT node FROM deep
        UNION
        SELECT node FROM generic
        UNION
        SELECT node FROM events
    )
SELECT node
FROM logged
WHERE node IS NOT NULL AND node NOT IN (SELECT id FROM removed_nodes)
