-- Of two who seal at once one does.
INSERT INTO audit_seals (chain, number, head_number, head_key, head_mac, at, key, mac)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (chain, number) DO NOTHING
