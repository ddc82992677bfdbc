-- The samples of a node, by time and source, from every table that it ever wrote to.
-- `source_at >= $2` says what the pair says already, in the words by which months are left out.
-- Each table is read along its primary key for no more than are wanted, and those are merged.
-- $1 node, ($2, $3) the time and source to begin after, $4 the time to end before, $5 at most so many.
(
    SELECT 1::smallint AS kind, source_at, source, received_at, revision, verdicts,
           distance_cm, level_cm, temperature_c, pump,
           level_pct, volume_l, derived::text
    FROM telemetry_tank
    WHERE node = $1 AND (source_at, source) > ($2, $3) AND source_at >= $2 AND source_at < $4
    ORDER BY source_at, source
    LIMIT $5
)
UNION ALL
(
    SELECT 2::smallint AS kind, source_at, source, received_at, revision, verdicts,
           flow_lpm, total_l, NULL::float8, NULL::float8,
           NULL::float8, NULL::float8, derived::text
    FROM telemetry_flow
    WHERE node = $1 AND (source_at, source) > ($2, $3) AND source_at >= $2 AND source_at < $4
    ORDER BY source_at, source
    LIMIT $5
)
UNION ALL
(
    SELECT 3::smallint AS kind, source_at, source, received_at, revision, verdicts,
           depth_m, pressure_kpa, pump, NULL::float8,
           NULL::float8, NULL::float8, derived::text
    FROM telemetry_deep
    WHERE node = $1 AND (source_at, source) > ($2, $3) AND source_at >= $2 AND source_at < $4
    ORDER BY source_at, source
    LIMIT $5
)
UNION ALL
(
    SELECT 0::smallint AS kind, source_at, source, received_at, revision, verdicts,
           NULL::float8, NULL::float8, NULL::float8, NULL::float8,
           NULL::float8, NULL::float8, derived::text
    FROM telemetry_generic
    WHERE node = $1 AND (source_at, source) > ($2, $3) AND source_at >= $2 AND source_at < $4
    ORDER BY source_at, source
    LIMIT $5
)
ORDER BY source_at, source
LIMIT $5
