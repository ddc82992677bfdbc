-- Before its first row a chain is nowhere.
INSERT INTO audit_chains (chain, number, key, mac)
VALUES ($1, 0, decode(repeat('00', 4), 'hex'), decode(repeat('00', 32), 'hex'))
ON CONFLICT (chain) DO NOTHING
