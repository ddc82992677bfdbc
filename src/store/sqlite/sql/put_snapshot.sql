INSERT INTO twin_snapshots (node, shard, revision, state, epoch)
SELECT ?1, ?2, ?3, ?4, epoch
FROM ownership
-- Without it, ON would belong to the SELECT.
WHERE true
ON CONFLICT (node) DO UPDATE
SET shard = excluded.shard,
    revision = excluded.revision,
    state = excluded.state,
    epoch = excluded.epoch
-- An older snapshot never replaces a newer one.
WHERE twin_snapshots.revision < excluded.revision
