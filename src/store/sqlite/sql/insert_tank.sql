-- A sample that is there already stays as it is: a batch may be repeated.
INSERT INTO telemetry_tank
    (node, source_at, source, received_at, revision, verdicts,
     distance_cm, level_cm, temperature_c, pump, level_pct, volume_l, derived)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (node, source_at, source) DO NOTHING
