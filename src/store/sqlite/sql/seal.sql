INSERT INTO sealed (one, before)
VALUES (1, ?1)
ON CONFLICT (one) DO UPDATE
SET before = max(before, excluded.before)
