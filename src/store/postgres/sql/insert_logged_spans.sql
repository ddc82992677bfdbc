INSERT INTO logged_spans (node, kind, from_at, to_at)
SELECT *
FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::timestamptz[])
ON CONFLICT (node, kind, from_at) DO NOTHING
