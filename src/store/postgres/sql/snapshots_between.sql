SELECT node, shard, revision, state
FROM twin_snapshots
WHERE node BETWEEN $1 AND $2
  AND NOT EXISTS (SELECT FROM removed_nodes WHERE id = node)
