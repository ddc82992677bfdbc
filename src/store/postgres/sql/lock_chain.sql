-- Whoever adds to a chain is alone with it until their transaction ends.
SELECT number, key, mac
FROM audit_chains
WHERE chain = $1
FOR UPDATE
