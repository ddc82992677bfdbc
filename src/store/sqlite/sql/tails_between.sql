-- What changed each of these nodes after its snapshot, or all that ever did where it has none; in no order.
-- Nodes that have a change log are found by leaping from node to node along the primary keys rather than by
-- reading the history. Each leap ends in a null, which is left out.
-- CROSS JOIN keeps that order: first where each begins, then the index on revisions.
WITH RECURSIVE
    tank (node) AS (
        SELECT min(node) FROM telemetry_tank WHERE node BETWEEN ?1 AND ?2
        UNION ALL
        SELECT (SELECT min(node) FROM telemetry_tank WHERE node > tank.node AND node <= ?2) FROM tank WHERE tank.node IS NOT NULL
    ),
    flow (node) AS (
        SELECT min(node) FROM telemetry_flow WHERE node BETWEEN ?1 AND ?2
        UNION ALL
        SELECT (SELECT min(node) FROM telemetry_flow WHERE node > flow.node AND node <= ?2) FROM flow WHERE flow.node IS NOT NULL
    ),
    deep (node) AS (
        SELECT min(node) FROM telemetry_deep WHERE node BETWEEN ?1 AND ?2
        UNION ALL
        SELECT (SELECT min(node) FROM telemetry_deep WHERE node > deep.node AND node <= ?2) FROM deep WHERE deep.node IS NOT NULL
    ),
    generic (node) AS (
        SELECT min(node) FROM telemetry_generic WHERE node BETWEEN ?1 AND ?2
        UNION ALL
        SELECT (SELECT min(node) FROM telemetry_generic WHERE node > generic.node AND node <= ?2) FROM generic WHERE generic.node IS NOT NULL
    ),
    events (node) AS (
        SELECT min(node) FROM twin_events WHERE node BETWEEN ?1 AND ?2
        UNION ALL
        SELECT (SELECT min(node) FROM twin_events WHERE node > events.node AND node <= ?2) FROM events WHERE events.node IS NOT NULL
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
    ),
    starts (node, revision) AS MATERIALIZED (
        SELECT node, COALESCE(revision, -1)
        FROM logged
            LEFT JOIN twin_snapshots USING (node)
        WHERE node IS NOT NULL AND node NOT IN (SELECT id FROM removed_nodes)
    )
SELECT 1 AS kind, source_at, source, received_at, log.revision, verdicts,
       distance_cm, level_cm, temperature_c, pump, NULL AS change, log.node
FROM starts
    CROSS JOIN telemetry_tank AS log
WHERE log.node = starts.node AND log.revision > starts.revision AND log.revision >= 0
UNION ALL
SELECT 2 AS kind, source_at, source, received_at, log.revision, verdicts,
       flow_lpm, total_l, NULL, NULL, NULL AS change, log.node
FROM starts
    CROSS JOIN telemetry_flow AS log
WHERE log.node = starts.node AND log.revision > starts.revision AND log.revision >= 0
UNION ALL
SELECT 3 AS kind, source_at, source, received_at, log.revision, verdicts,
       depth_m, pressure_kpa, pump, NULL, NULL AS change, log.node
FROM starts
    CROSS JOIN telemetry_deep AS log
WHERE log.node = starts.node AND log.revision > starts.revision AND log.revision >= 0
UNION ALL
SELECT 0 AS kind, source_at, source, received_at, log.revision, verdicts,
       NULL, NULL, NULL, NULL, NULL AS change, log.node
FROM starts
    CROSS JOIN telemetry_generic AS log
WHERE log.node = starts.node AND log.revision > starts.revision AND log.revision >= 0
UNION ALL
SELECT -1, at, NULL, NULL, log.revision, NULL,
       NULL, NULL, NULL, NULL, change, log.node
FROM starts
    CROSS JOIN twin_events AS log
WHERE log.node = starts.node AND log.revision > starts.revision
