-- Chains that have grown since their last seal, with that.
SELECT last.number, last.head_number, last.head_key, last.head_mac, last.at, last.key, last.mac,
       audit_chains.chain, audit_chains.number, audit_chains.key, audit_chains.mac
FROM audit_chains
LEFT JOIN audit_seals AS last ON last.chain = audit_chains.chain
    AND last.number = (SELECT max(number) FROM audit_seals WHERE chain = audit_chains.chain)
WHERE last.head_number IS NOT audit_chains.number AND audit_chains.number > 0
ORDER BY audit_chains.chain
