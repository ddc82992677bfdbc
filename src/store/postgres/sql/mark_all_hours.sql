-- Marks every hour from $2 on in which there are samples of a node. A rule is seldom changed.
INSERT INTO rollup_marks (hour, node, taken)
SELECT DISTINCT date_trunc('hour', source_at, 'UTC'), $1::uuid, false
FROM (
    SELECT source_at FROM telemetry_tank WHERE node = $1 AND source_at >= $2
    UNION ALL
    SELECT source_at FROM telemetry_flow WHERE node = $1 AND source_at >= $2
    UNION ALL
    SELECT source_at FROM telemetry_deep WHERE node = $1 AND source_at >= $2
    UNION ALL
    SELECT source_at FROM telemetry_generic WHERE node = $1 AND source_at >= $2
) AS samples
ON CONFLICT (hour, node, taken) DO NOTHING
