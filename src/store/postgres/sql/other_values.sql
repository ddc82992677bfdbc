-- The values of samples that have no column, each with the place of its sample in what was asked for;
-- those of one sample in its order.
SELECT place, metric, number, raw, verdict
FROM unnest($1::uuid[], $2::timestamptz[], $3::bytea[], $4::smallint[])
        WITH ORDINALITY AS sample (node, source_at, source, kind, place)
    CROSS JOIN LATERAL (
        SELECT position, metric, number, raw, verdict
        FROM telemetry_other
        WHERE node = sample.node AND source_at = sample.source_at
          AND source = sample.source AND kind = sample.kind
        -- Keeps this a look along the primary key for each sample, however many there are.
        OFFSET 0
    ) AS value
ORDER BY place, position
