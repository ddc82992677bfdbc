-- A sample that is there already stays as it is: a batch may be repeated.
INSERT INTO telemetry_deep
    (node, source_at, source, received_at, revision, verdicts, depth_m, pressure_kpa, pump, derived)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (node, source_at, source) DO NOTHING
