-- What changed each node after its snapshot, or all that ever did where it has none; by node and revision.
SELECT tail.*, logged_nodes.node
FROM logged_nodes
    LEFT JOIN twin_snapshots USING (node)
    CROSS JOIN LATERAL (
        SELECT 1::smallint AS kind, source_at, source, received_at, revision, verdicts,
               distance_cm, level_cm, temperature_c, pump, NULL AS change
        FROM telemetry_tank
        WHERE node = logged_nodes.node AND revision > COALESCE(twin_snapshots.revision, -1) AND revision >= 0
        UNION ALL
        SELECT 2::smallint AS kind, source_at, source, received_at, revision, verdicts,
               flow_lpm, total_l, NULL::float8, NULL::float8, NULL AS change
        FROM telemetry_flow
        WHERE node = logged_nodes.node AND revision > COALESCE(twin_snapshots.revision, -1) AND revision >= 0
        UNION ALL
        SELECT 3::smallint AS kind, source_at, source, received_at, revision, verdicts,
               depth_m, pressure_kpa, pump, NULL::float8, NULL AS change
        FROM telemetry_deep
        WHERE node = logged_nodes.node AND revision > COALESCE(twin_snapshots.revision, -1) AND revision >= 0
        UNION ALL
        SELECT 0::smallint AS kind, source_at, source, received_at, revision, verdicts,
               NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL AS change
        FROM telemetry_generic
        WHERE node = logged_nodes.node AND revision > COALESCE(twin_snapshots.revision, -1) AND revision >= 0
        UNION ALL
        SELECT -1::smallint, at, NULL, NULL, revision, NULL,
               NULL, NULL, NULL, NULL, change::text
        FROM twin_events
        WHERE node = logged_nodes.node AND revision > COALESCE(twin_snapshots.revision, -1)
    ) AS tail
WHERE NOT EXISTS (SELECT FROM removed_nodes WHERE id = logged_nodes.node)
ORDER BY logged_nodes.node, revision
