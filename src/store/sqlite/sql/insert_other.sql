INSERT INTO telemetry_other
    (node, source_at, source, kind, position, metric, number, raw, verdict)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (node, source_at, source, kind, position) DO NOTHING
