SELECT number, key, mac
FROM audit_chains
WHERE chain = ?1
