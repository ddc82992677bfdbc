-- Of two that begin the database at once, the first decides.
INSERT INTO store_facts (name, value)
VALUES ($1, $2)
ON CONFLICT (name) DO NOTHING
