-- Also those of which somebody took the head.
SELECT chain FROM audit_chains
UNION
SELECT chain FROM audit
UNION
SELECT chain FROM audit_seals
UNION
SELECT chain FROM audit_cuts
ORDER BY chain
