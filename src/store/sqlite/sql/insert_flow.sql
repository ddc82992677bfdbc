-- A sample that is there already stays as it is: a batch may be repeated.
INSERT INTO telemetry_flow
    (node, source_at, source, received_at, revision, verdicts, flow_lpm, total_l, derived)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (node, source_at, source) DO NOTHING
