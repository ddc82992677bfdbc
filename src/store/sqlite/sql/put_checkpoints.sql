-- Copies the snapshots of the nodes after ?1 up to ?2, as of the day ?3; the first of a day stays.
INSERT INTO twin_checkpoints (node, day, at, revision, state)
SELECT node, ?3, ?4, revision, state
FROM twin_snapshots
WHERE node > ?1 AND node <= ?2
ON CONFLICT (node, day) DO NOTHING
