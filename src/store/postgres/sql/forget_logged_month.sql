-- The month that begins at $1 has no tables any more.
DELETE FROM logged_spans WHERE from_at = $1
