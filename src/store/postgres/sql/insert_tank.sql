-- A sample that is there already stays as it is, and so do its other values: a batch may be repeated.
WITH fresh AS (
    INSERT INTO telemetry_tank
        (node, source_at, source, received_at, revision, verdicts, distance_cm, level_cm,
         temperature_c, pump, level_pct, volume_l, derived)
    SELECT node, source_at, source, received_at, revision, verdicts, distance_cm, level_cm,
           temperature_c, pump, level_pct, volume_l, derived::json
    FROM unnest($1::uuid[], $2::timestamptz[], $3::bytea[], $4::timestamptz[], $5::bigint[],
                $6::bytea[], $7::float8[], $8::float8[], $9::float8[], $10::float8[],
                $11::float8[], $12::float8[], $13::text[])
        AS batch (node, source_at, source, received_at, revision, verdicts, distance_cm, level_cm,
                  temperature_c, pump, level_pct, volume_l, derived)
    ON CONFLICT (node, source_at, source) DO NOTHING
    RETURNING node, source_at, source
)
INSERT INTO telemetry_other
    (node, source_at, source, kind, position, metric, number, raw, verdict)
SELECT node, source_at, source, 1, position, metric, number, raw, verdict
FROM unnest($14::uuid[], $15::timestamptz[], $16::bytea[], $17::int[], $18::text[],
            $19::float8[], $20::text[], $21::smallint[])
    AS batch (node, source_at, source, position, metric, number, raw, verdict)
JOIN fresh USING (node, source_at, source)
ON CONFLICT (node, source_at, source, kind, position) DO NOTHING
