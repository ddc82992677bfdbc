-- Only as whoever removes it saw it.
DELETE FROM users WHERE id = $1 AND version = $2 RETURNING id
