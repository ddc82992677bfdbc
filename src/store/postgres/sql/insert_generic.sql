-- A sample that is there already stays as it is, and so do its other values: a batch may be repeated.
WITH fresh AS (
    INSERT INTO telemetry_generic
        (node, source_at, source, received_at, revision, verdicts, derived)
    SELECT node, source_at, source, received_at, revision, verdicts, derived::json
    FROM unnest($1::uuid[], $2::timestamptz[], $3::bytea[], $4::timestamptz[], $5::bigint[],
                $6::bytea[], $7::text[])
        AS batch (node, source_at, source, received_at, revision, verdicts, derived)
    ON CONFLICT (node, source_at, source) DO NOTHING
    RETURNING node, source_at, source
)
INSERT INTO telemetry_other
    (node, source_at, source, kind, position, metric, number, raw, verdict)
SELECT node, source_at, source, 0, position, metric, number, raw, verdict
FROM unnest($8::uuid[], $9::timestamptz[], $10::bytea[], $11::int[], $12::text[],
            $13::float8[], $14::text[], $15::smallint[])
    AS batch (node, source_at, source, position, metric, number, raw, verdict)
JOIN fresh USING (node, source_at, source)
ON CONFLICT (node, source_at, source, kind, position) DO NOTHING
