-- Where the chain says that it ends, and where its rows do.
SELECT audit_chains.number, audit_chains.key, audit_chains.mac,
       coalesce((SELECT max(number) FROM audit WHERE chain = $1), 0)
FROM (SELECT) AS always
LEFT JOIN audit_chains ON chain = $1
