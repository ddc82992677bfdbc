-- Refused while something hangs on it.
DELETE FROM distributors
WHERE id = ?1 AND version = ?2
