SET row_security = off;

SELECT 'schema', 'version', NULL WHERE to_regclass('refinery_schema_history') IS NULL;
SELECT 'SELECT ''schema'', ''version'', max(version) FROM refinery_schema_history'
WHERE to_regclass('refinery_schema_history') IS NOT NULL
\gexec

-- Every table that holds rows of its own: those that are parted hold none.
SELECT format('SELECT ''rows'', %L, count(*) FROM %I.%I',
              CASE nspname WHEN 'public' THEN relname ELSE nspname || '.' || relname END,
              nspname, relname)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r'
    AND relpersistence = 'p'
    AND nspname <> 'information_schema'
    AND nspname NOT LIKE 'pg\_%'
    -- What an extension made is made again by it.
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
ORDER BY nspname, relname
\gexec

SELECT 'fact', 'unvalidated_constraints', count(*) FROM pg_constraint WHERE NOT convalidated;

SELECT count(*) = 7 AS has_log
FROM unnest(ARRAY['telemetry_tank', 'telemetry_flow', 'telemetry_deep', 'telemetry_generic',
                  'twin_events', 'twin_snapshots', 'removed_nodes']) AS name
WHERE to_regclass(name) IS NOT NULL
\gset
\if :has_log
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
    logs AS (
        SELECT node, min(revision) AS oldest, max(revision) AS newest,
               count(*) AS entries, count(DISTINCT revision) AS revisions
        FROM log
        GROUP BY node
    ),
    facts AS (
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
    )
SELECT 'fact', name, value
FROM facts, LATERAL (VALUES
    ('revisions_told_twice', revisions_told_twice),
    ('revisions_missing', revisions_missing),
    ('newest_revisions', newest_revisions),
    ('snapshots_ahead_of_their_log', snapshots_ahead_of_their_log)
) AS told (name, value);
\endif
