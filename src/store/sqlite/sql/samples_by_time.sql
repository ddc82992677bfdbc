-- The samples of a node, by time and source, from every table that it ever wrote to.
-- Each table is read along its primary key and the four are merged: nothing is sorted.
-- ?1 node, (?2, ?3) the time and source to begin after, ?4 the time to end before.
SELECT 1 AS kind, source_at, source, received_at, revision, verdicts,
       distance_cm, level_cm, temperature_c, pump, level_pct, volume_l, derived
FROM telemetry_tank
WHERE node = ?1 AND (source_at, source) > (?2, ?3) AND source_at < ?4
UNION ALL
SELECT 2 AS kind, source_at, source, received_at, revision, verdicts,
       flow_lpm, total_l, NULL, NULL, NULL, NULL, derived
FROM telemetry_flow
WHERE node = ?1 AND (source_at, source) > (?2, ?3) AND source_at < ?4
UNION ALL
SELECT 3 AS kind, source_at, source, received_at, revision, verdicts,
       depth_m, pressure_kpa, pump, NULL, NULL, NULL, derived
FROM telemetry_deep
WHERE node = ?1 AND (source_at, source) > (?2, ?3) AND source_at < ?4
UNION ALL
SELECT 0 AS kind, source_at, source, received_at, revision, verdicts,
       NULL, NULL, NULL, NULL, NULL, NULL, derived
FROM telemetry_generic
WHERE node = ?1 AND (source_at, source) > (?2, ?3) AND source_at < ?4
ORDER BY source_at, source
