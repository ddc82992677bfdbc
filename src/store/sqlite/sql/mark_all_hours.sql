-- Marks every hour from ?2 on in which there are samples of a node, found by leaping from hour to hour along
-- the primary keys rather than by reading the history. An hour before 1970 rounds down, too.
WITH RECURSIVE
    found (hour) AS (
        SELECT min(at) - (min(at) % 3600000 + 3600000) % 3600000 FROM (
            SELECT (SELECT min(source_at) FROM telemetry_tank WHERE node = ?1 AND source_at >= ?2) AS at
            UNION ALL
            SELECT (SELECT min(source_at) FROM telemetry_flow WHERE node = ?1 AND source_at >= ?2)
            UNION ALL
            SELECT (SELECT min(source_at) FROM telemetry_deep WHERE node = ?1 AND source_at >= ?2)
            UNION ALL
            SELECT (SELECT min(source_at) FROM telemetry_generic WHERE node = ?1 AND source_at >= ?2)
        )
        UNION ALL
        SELECT (
            SELECT min(at) - (min(at) % 3600000 + 3600000) % 3600000 FROM (
                SELECT (SELECT min(source_at) FROM telemetry_tank
                        WHERE node = ?1 AND source_at >= found.hour + 3600000) AS at
                UNION ALL
                SELECT (SELECT min(source_at) FROM telemetry_flow
                        WHERE node = ?1 AND source_at >= found.hour + 3600000)
                UNION ALL
                SELECT (SELECT min(source_at) FROM telemetry_deep
                        WHERE node = ?1 AND source_at >= found.hour + 3600000)
                UNION ALL
                SELECT (SELECT min(source_at) FROM telemetry_generic
                        WHERE node = ?1 AND source_at >= found.hour + 3600000)
            )
        )
        FROM found WHERE found.hour IS NOT NULL
    )
INSERT INTO rollup_marks (hour, node, taken)
SELECT hour, ?1, 0 FROM found WHERE hour IS NOT NULL
ON CONFLICT (hour, node, taken) DO NOTHING
