UPDATE channel_secrets AS kept
SET read_key = anew.new
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS anew (node, old, new)
-- What was changed meanwhile stays.
WHERE kept.node = anew.node AND kept.read_key = anew.old
RETURNING true
