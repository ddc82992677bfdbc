-- Writes down that the database was restored, and lets every node go on above all revisions that it may have
-- had: from the instant of the restore in microseconds. What is logged is true, and changes nothing: the
-- description has the version that it has.
BEGIN;
SET LOCAL row_security = off;

SELECT to_regclass('store_facts') IS NOT NULL AS has_facts
\gset
\if :has_facts
INSERT INTO store_facts (name, value)
VALUES ('restored_at', convert_to(:'at', 'UTF8')), ('restored_from', convert_to(:'from', 'UTF8'))
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
\endif

SELECT count(*) = 8 AS has_log
FROM unnest(ARRAY['telemetry_tank', 'telemetry_flow', 'telemetry_deep', 'telemetry_generic',
                  'twin_events', 'twin_snapshots', 'nodes', 'logged_nodes']) AS name
WHERE to_regclass(name) IS NOT NULL
\gset
\if :has_log
INSERT INTO twin_events (node, revision, at, change)
SELECT
    id,
    greatest(
        :at_ms::bigint * 1000,
        1 + (SELECT max(revision) FROM telemetry_tank WHERE node = id AND revision >= 0),
        1 + (SELECT max(revision) FROM telemetry_flow WHERE node = id AND revision >= 0),
        1 + (SELECT max(revision) FROM telemetry_deep WHERE node = id AND revision >= 0),
        1 + (SELECT max(revision) FROM telemetry_generic WHERE node = id AND revision >= 0),
        1 + (SELECT max(revision) FROM twin_events WHERE node = id),
        1 + (SELECT max(revision) FROM twin_snapshots WHERE node = id)
    ),
    timestamptz 'epoch' + :at_ms::bigint * interval '1 millisecond',
    json_build_object('type', 'configured', 'version', version)
FROM nodes;
INSERT INTO logged_nodes (node)
SELECT id FROM nodes
ON CONFLICT (node) DO NOTHING;
\endif
COMMIT;
