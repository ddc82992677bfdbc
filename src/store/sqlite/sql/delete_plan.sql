-- Refused while something hangs on it.
DELETE FROM plans
WHERE id = ?1 AND version = ?2
