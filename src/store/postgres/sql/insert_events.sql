INSERT INTO twin_events (node, revision, at, change)
SELECT node, revision, at, change::json
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[])
    AS batch (node, revision, at, change)
ON CONFLICT (node, revision) DO NOTHING
