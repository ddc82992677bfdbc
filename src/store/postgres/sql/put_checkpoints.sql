-- Copies the snapshots of at most $4 nodes after $1, as of the day $2; the first of a day stays. Tells the
-- last of these nodes.
WITH wanted AS (
    SELECT node, revision, state
    FROM twin_snapshots
    WHERE node > $1
    ORDER BY node
    LIMIT $4
), kept AS (
    INSERT INTO twin_checkpoints (node, day, at, revision, state)
    SELECT node, $2, $3, revision, state FROM wanted
    ON CONFLICT (node, day) DO NOTHING
)
SELECT node FROM wanted ORDER BY node DESC LIMIT 1
