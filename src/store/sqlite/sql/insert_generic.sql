-- A sample that is there already stays as it is: a batch may be repeated.
INSERT INTO telemetry_generic
    (node, source_at, source, received_at, revision, verdicts, derived)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (node, source_at, source) DO NOTHING
