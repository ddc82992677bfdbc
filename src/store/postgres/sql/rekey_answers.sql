UPDATE receipts AS kept
SET answer = anew.new
FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) AS anew (caller, name, old, new)
-- What was changed meanwhile stays.
WHERE kept.caller = anew.caller AND kept.name = anew.name AND kept.answer = anew.old
RETURNING true
