-- A sample that is there already stays as it is, and so do its other values: a batch may be repeated.
WITH fresh AS (
    INSERT INTO telemetry_deep
        (node, source_at, source, received_at, revision, verdicts, depth_m, pressure_kpa, pump,
         derived)
    SELECT node, source_at, source, received_at, revision, verdicts, depth_m, pressure_kpa, pump,
           derived::json
    FROM unnest($1::uuid[], $2::timestamptz[], $3::bytea[], $4::timestamptz[], $5::bigint[],
                $6::bytea[], $7::float8[], $8::float8[], $9::float8[], $10::text[])
        AS batch (node, source_at, source, received_at, revision, verdicts, depth_m, pressure_kpa,
                  pump, derived)
    ON CONFLICT (node, source_at, source) DO NOTHING
    RETURNING node, source_at, source
)
INSERT INTO telemetry_other
    (node, source_at, source, kind, position, metric, number, raw, verdict)
SELECT node, source_at, source, 3, position, metric, number, raw, verdict
FROM unnest($11::uuid[], $12::timestamptz[], $13::bytea[], $14::int[], $15::text[],
            $16::float8[], $17::text[], $18::smallint[])
    AS batch (node, source_at, source, position, metric, number, raw, verdict)
JOIN fresh USING (node, source_at, source)
ON CONFLICT (node, source_at, source, kind, position) DO NOTHING
