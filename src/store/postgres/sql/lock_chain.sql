-- Whoever adds to a chain is alone with it until their transaction ends. The id of what is added is drawn behind the
-- lock, so that ids rise along a chain.
WITH held AS MATERIALIZED (
    SELECT number, key, mac
    FROM audit_chains
    WHERE chain = $1
    FOR UPDATE
)
SELECT number, key, mac, next_audit_id()
FROM held
