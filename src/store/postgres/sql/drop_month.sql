-- Tells whether it was empty, and is gone.
SELECT drop_empty_month(($1::text)::date)
