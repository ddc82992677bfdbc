-- What changed a node after a revision, by revision: samples and events together.
-- Late rows have a revision below nought; saying so lets the partial indexes serve.
-- $1 node, $2 the revision to begin after, $3 at most so many.
(
    SELECT 1::smallint AS kind, source_at, source, received_at, revision, verdicts,
           distance_cm, level_cm, temperature_c, pump, NULL AS change
    FROM telemetry_tank
    WHERE node = $1 AND revision > $2 AND revision >= 0
    ORDER BY revision
    LIMIT $3
)
UNION ALL
(
    SELECT 2::smallint AS kind, source_at, source, received_at, revision, verdicts,
           flow_lpm, total_l, NULL::float8, NULL::float8, NULL AS change
    FROM telemetry_flow
    WHERE node = $1 AND revision > $2 AND revision >= 0
    ORDER BY revision
    LIMIT $3
)
UNION ALL
(
    SELECT 3::smallint AS kind, source_at, source, received_at, revision, verdicts,
           depth_m, pressure_kpa, pump, NULL::float8, NULL AS change
    FROM telemetry_deep
    WHERE node = $1 AND revision > $2 AND revision >= 0
    ORDER BY revision
    LIMIT $3
)
UNION ALL
(
    SELECT 0::smallint AS kind, source_at, source, received_at, revision, verdicts,
           NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL AS change
    FROM telemetry_generic
    WHERE node = $1 AND revision > $2 AND revision >= 0
    ORDER BY revision
    LIMIT $3
)
UNION ALL
(
    SELECT -1::smallint, at, NULL, NULL, revision, NULL,
           NULL, NULL, NULL, NULL, change::text
    FROM twin_events
    WHERE node = $1 AND revision > $2
    ORDER BY revision
    LIMIT $3
)
ORDER BY revision
LIMIT $3
