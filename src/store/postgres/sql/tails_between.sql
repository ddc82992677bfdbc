-- What changed each of these nodes after its snapshot, or all that ever did where it has none; in no order.
-- Where each begins is worked out first: the index on revisions serves a number, and no expression. Of
-- samples only those tables are looked into that the spans name. OFFSET 0 has each looked up by its index,
-- however many there are: to read a whole month and join it would take as long as the month is full. That
-- revisions end somewhere, too, makes their index the choice, and not that of times: it would read the month.
WITH starts AS MATERIALIZED (
    SELECT logged_nodes.node, COALESCE(twin_snapshots.revision, -1) AS revision
    FROM logged_nodes
        LEFT JOIN twin_snapshots USING (node)
    WHERE logged_nodes.node BETWEEN $1 AND $2
      AND NOT EXISTS (SELECT FROM removed_nodes WHERE id = logged_nodes.node)
), spans AS MATERIALIZED (
    SELECT node, revision, 9223372036854775807 AS last, kind, from_at, to_at
    FROM starts
        JOIN logged_spans USING (node)
)
SELECT tail.*, spans.node
FROM spans
    CROSS JOIN LATERAL (
        SELECT 1::smallint AS kind, source_at, source, received_at, revision, verdicts,
               distance_cm, level_cm, temperature_c, pump, NULL AS change
        FROM telemetry_tank
        WHERE node = spans.node AND revision > spans.revision AND revision <= spans.last AND revision >= 0
          AND source_at BETWEEN spans.from_at AND spans.to_at
        OFFSET 0
    ) AS tail
WHERE spans.kind = 1
UNION ALL
SELECT tail.*, spans.node
FROM spans
    CROSS JOIN LATERAL (
        SELECT 2::smallint AS kind, source_at, source, received_at, revision, verdicts,
               flow_lpm, total_l, NULL::float8, NULL::float8, NULL AS change
        FROM telemetry_flow
        WHERE node = spans.node AND revision > spans.revision AND revision <= spans.last AND revision >= 0
          AND source_at BETWEEN spans.from_at AND spans.to_at
        OFFSET 0
    ) AS tail
WHERE spans.kind = 2
UNION ALL
SELECT tail.*, spans.node
FROM spans
    CROSS JOIN LATERAL (
        SELECT 3::smallint AS kind, source_at, source, received_at, revision, verdicts,
               depth_m, pressure_kpa, pump, NULL::float8, NULL AS change
        FROM telemetry_deep
        WHERE node = spans.node AND revision > spans.revision AND revision <= spans.last AND revision >= 0
          AND source_at BETWEEN spans.from_at AND spans.to_at
        OFFSET 0
    ) AS tail
WHERE spans.kind = 3
UNION ALL
SELECT tail.*, spans.node
FROM spans
    CROSS JOIN LATERAL (
        SELECT 0::smallint AS kind, source_at, source, received_at, revision, verdicts,
               NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL AS change
        FROM telemetry_generic
        WHERE node = spans.node AND revision > spans.revision AND revision <= spans.last AND revision >= 0
          AND source_at BETWEEN spans.from_at AND spans.to_at
        OFFSET 0
    ) AS tail
WHERE spans.kind = 0
UNION ALL
SELECT tail.*, starts.node
FROM starts
    CROSS JOIN LATERAL (
        SELECT -1::smallint, at, NULL::bytea, NULL::timestamptz, revision, NULL::bytea,
               NULL::float8, NULL::float8, NULL::float8, NULL::float8, change::text
        FROM twin_events
        WHERE node = starts.node AND revision > starts.revision
        OFFSET 0
    ) AS tail
