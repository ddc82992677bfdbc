-- Tells how many rows are gone.
SELECT expire_audit($1)
