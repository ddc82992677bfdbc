INSERT INTO twin_snapshots (node, shard, revision, state)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (node) DO UPDATE
SET shard = excluded.shard,
    revision = excluded.revision,
    state = excluded.state
-- An older snapshot never replaces a newer one.
WHERE twin_snapshots.revision < excluded.revision
