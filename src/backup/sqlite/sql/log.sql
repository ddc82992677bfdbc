-- What the change logs of all nodes are like: late rows, whose revision is below nought, are not in them.
WITH
    log (node, revision) AS (
        SELECT node, revision FROM telemetry_tank WHERE revision >= 0
        UNION ALL
        SELECT node, revision FROM telemetry_flow WHERE revision >= 0
        UNION ALL
        SELECT node, revision FROM telemetry_deep WHERE revision >= 0
        UNION ALL
        SELECT node, revision FROM telemetry_generic WHERE revision >= 0
        UNION ALL
        SELECT node, revision FROM twin_events
    ),
    logs (node, oldest, newest, entries, revisions) AS (
        SELECT node, min(revision), max(revision), count(*), count(DISTINCT revision)
        FROM log
        GROUP BY node
    )
SELECT
    COALESCE(sum(entries - revisions), 0)             AS revisions_told_twice,
    COALESCE(sum(newest - oldest + 1 - revisions), 0) AS revisions_missing,
    COALESCE(sum(newest), 0)                          AS newest_revisions,
    (
        SELECT count(*)
        FROM twin_snapshots
        LEFT JOIN logs USING (node)
        WHERE twin_snapshots.revision > COALESCE(logs.newest, 0)
            -- What is left of a removed node's log goes with its raw history.
            AND node NOT IN (SELECT id FROM removed_nodes)
    )                                                 AS snapshots_ahead_of_their_log
FROM logs
