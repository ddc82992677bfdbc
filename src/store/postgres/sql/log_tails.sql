-- What changed each node after its snapshot, or all that ever did where it has none; by node and revision.
-- Where each begins is worked out first: the index on revisions serves a number, and no expression.
WITH starts AS MATERIALIZED (
    SELECT logged_nodes.node, COALESCE(twin_snapshots.revision, -1) AS revision
    FROM logged_nodes
        LEFT JOIN twin_snapshots USING (node)
    WHERE NOT EXISTS (SELECT FROM removed_nodes WHERE id = logged_nodes.node)
)
SELECT tail.*, starts.node
FROM starts
    CROSS JOIN LATERAL (
        (
            SELECT 1::smallint AS kind, source_at, source, received_at, revision, verdicts,
                   distance_cm, level_cm, temperature_c, pump, NULL AS change
            FROM telemetry_tank
            WHERE node = starts.node AND revision > starts.revision AND revision >= 0
        )
        UNION ALL
        (
            SELECT 2::smallint AS kind, source_at, source, received_at, revision, verdicts,
                   flow_lpm, total_l, NULL::float8, NULL::float8, NULL AS change
            FROM telemetry_flow
            WHERE node = starts.node AND revision > starts.revision AND revision >= 0
        )
        UNION ALL
        (
            SELECT 3::smallint AS kind, source_at, source, received_at, revision, verdicts,
                   depth_m, pressure_kpa, pump, NULL::float8, NULL AS change
            FROM telemetry_deep
            WHERE node = starts.node AND revision > starts.revision AND revision >= 0
        )
        UNION ALL
        (
            SELECT 0::smallint AS kind, source_at, source, received_at, revision, verdicts,
                   NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL AS change
            FROM telemetry_generic
            WHERE node = starts.node AND revision > starts.revision AND revision >= 0
        )
        UNION ALL
        (
            SELECT -1::smallint, at, NULL, NULL, revision, NULL,
                   NULL, NULL, NULL, NULL, change::text
            FROM twin_events
            WHERE node = starts.node AND revision > starts.revision
        )
    ) AS tail
ORDER BY starts.node, tail.revision
