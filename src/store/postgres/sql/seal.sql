-- Seals each node of $1 before its instant in $2, but those of which something that begins before it is not
-- rolled up: these are told.
WITH wanted AS (
    SELECT node, before,
           EXISTS (SELECT FROM rollup_marks AS mark WHERE mark.node = batch.node AND mark.hour < before)
           OR EXISTS (SELECT FROM rollup_days_due AS due WHERE due.node = batch.node AND due.at < before)
           AS is_held
    FROM unnest($1::uuid[], $2::timestamptz[]) AS batch (node, before)
), done AS (
    INSERT INTO sealed_nodes (node, before)
    SELECT node, before FROM wanted WHERE NOT is_held
    ON CONFLICT (node) DO UPDATE
    SET before = excluded.before
    WHERE sealed_nodes.before < excluded.before
)
SELECT node FROM wanted WHERE is_held
