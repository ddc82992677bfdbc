SELECT node, shard, revision, state
FROM twin_snapshots
WHERE NOT EXISTS (SELECT FROM removed_nodes WHERE id = node)
