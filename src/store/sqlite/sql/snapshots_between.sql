SELECT node, shard, revision, state
FROM twin_snapshots
WHERE node BETWEEN ?1 AND ?2
  AND node NOT IN (SELECT id FROM removed_nodes)
