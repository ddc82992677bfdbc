-- Before its first row a chain is nowhere.
INSERT INTO audit_chains (chain, number, key, mac)
VALUES (?1, 0, zeroblob(4), zeroblob(32))
ON CONFLICT (chain) DO NOTHING
