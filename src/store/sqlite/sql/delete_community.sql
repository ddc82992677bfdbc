-- Refused while something hangs on it.
DELETE FROM communities
WHERE id = ?1 AND version = ?2
