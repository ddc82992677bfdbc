INSERT INTO twin_snapshots (node, shard, revision, state, epoch)
SELECT *, $5
FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::bytea[])
ON CONFLICT (node) DO UPDATE
SET shard = excluded.shard,
    revision = excluded.revision,
    state = excluded.state,
    epoch = excluded.epoch
-- An older snapshot never replaces a newer one.
WHERE twin_snapshots.revision < excluded.revision
