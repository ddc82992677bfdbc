-- Chains that have grown since their last seal, with that.
SELECT last.number, last.head_number, last.head_key, last.head_mac, last.at, last.key, last.mac,
       audit_chains.chain, audit_chains.number, audit_chains.key, audit_chains.mac
FROM audit_chains
LEFT JOIN LATERAL (
    SELECT *
    FROM audit_seals
    WHERE audit_seals.chain = audit_chains.chain
    ORDER BY number DESC
    LIMIT 1
) AS last ON true
WHERE last.head_number IS DISTINCT FROM audit_chains.number AND audit_chains.number > 0
ORDER BY audit_chains.chain
