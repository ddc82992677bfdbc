-- A sample that is there already stays as it is, and so do its other values: a batch may be repeated.
WITH fresh AS (
    INSERT INTO telemetry_flow
        (node, source_at, source, received_at, revision, verdicts, flow_lpm, total_l, derived)
    SELECT node, source_at, source, received_at, revision, verdicts, flow_lpm, total_l,
           derived::json
    FROM unnest($1::uuid[], $2::timestamptz[], $3::bytea[], $4::timestamptz[], $5::bigint[],
                $6::bytea[], $7::float8[], $8::float8[], $9::text[])
        AS batch (node, source_at, source, received_at, revision, verdicts, flow_lpm, total_l,
                  derived)
    ON CONFLICT (node, source_at, source) DO NOTHING
    RETURNING node, source_at, source
)
INSERT INTO telemetry_other
    (node, source_at, source, kind, position, metric, number, raw, verdict)
SELECT node, source_at, source, 2, position, metric, number, raw, verdict
FROM unnest($10::uuid[], $11::timestamptz[], $12::bytea[], $13::int[], $14::text[],
            $15::float8[], $16::text[], $17::smallint[])
    AS batch (node, source_at, source, position, metric, number, raw, verdict)
JOIN fresh USING (node, source_at, source)
ON CONFLICT (node, source_at, source, kind, position) DO NOTHING
