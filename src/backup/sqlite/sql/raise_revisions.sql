-- After a restore no revision may be used a second time, and those that were used after the backup are not
-- known. So every node goes on from the instant of the restore in microseconds, which is above them all.
-- What is logged is true, and changes nothing: the description has the version that it has.
INSERT INTO twin_events (node, revision, at, change)
SELECT
    id,
    max(
        :at * 1000,
        1 + COALESCE((SELECT max(revision) FROM telemetry_tank WHERE node = id AND revision >= 0), 0),
        1 + COALESCE((SELECT max(revision) FROM telemetry_flow WHERE node = id AND revision >= 0), 0),
        1 + COALESCE((SELECT max(revision) FROM telemetry_deep WHERE node = id AND revision >= 0), 0),
        1 + COALESCE((SELECT max(revision) FROM telemetry_generic WHERE node = id AND revision >= 0), 0),
        1 + COALESCE((SELECT max(revision) FROM twin_events WHERE node = id), 0),
        1 + COALESCE((SELECT max(revision) FROM twin_snapshots WHERE node = id), 0)
    ),
    :at,
    json_object('type', 'configured', 'version', version)
FROM nodes
