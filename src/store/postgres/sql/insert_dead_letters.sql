INSERT INTO dead_letters (id, node, at, error, message)
SELECT *
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[])
ON CONFLICT (id) DO NOTHING
