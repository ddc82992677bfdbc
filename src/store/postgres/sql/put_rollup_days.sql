INSERT INTO rollup_days
    (node, at, metric, until, count, sum, min, max, first_at, first, last_at, last, passed, refused)
SELECT $1::uuid, batch.*
FROM unnest($2::timestamptz[], $3::text[], $4::timestamptz[], $5::bigint[], $6::float8[],
            $7::float8[], $8::float8[], $9::timestamptz[], $10::float8[], $11::timestamptz[],
            $12::float8[], $13::float8[], $14::bigint[]) AS batch
