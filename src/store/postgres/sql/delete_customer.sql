-- Refused while something hangs on it.
DELETE FROM customers
WHERE id = $1 AND version = $2
RETURNING id
