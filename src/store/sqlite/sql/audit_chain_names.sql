-- Also those of which somebody took the head. Where a chain has many rows, they are leapt over: from one chain to the
-- next by the index.
WITH RECURSIVE written (chain) AS (
    SELECT min(chain) FROM audit
    UNION ALL
    SELECT (SELECT min(audit.chain) FROM audit WHERE audit.chain > written.chain)
    FROM written
    WHERE written.chain IS NOT NULL
), sealed (chain) AS (
    SELECT min(chain) FROM audit_seals
    UNION ALL
    SELECT (SELECT min(audit_seals.chain) FROM audit_seals WHERE audit_seals.chain > sealed.chain)
    FROM sealed
    WHERE sealed.chain IS NOT NULL
)
SELECT chain FROM audit_chains
UNION
SELECT chain FROM audit_cuts
UNION
SELECT chain FROM written WHERE chain IS NOT NULL
UNION
SELECT chain FROM sealed WHERE chain IS NOT NULL
ORDER BY chain
