UPDATE users AS kept
-- The account is what it was: its version stays, and whoever changes it writes this anew.
SET totp = anew.new
FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS anew (id, old, new)
-- What was changed meanwhile stays.
WHERE kept.id = anew.id AND kept.totp = anew.old
RETURNING true
