-- The same may be said of a network once.
INSERT INTO ip_rules (id, network, action, note, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (network, action) DO NOTHING
RETURNING id
