SELECT node, shard, revision, state
FROM twin_snapshots
WHERE node NOT IN (SELECT id FROM removed_nodes)
