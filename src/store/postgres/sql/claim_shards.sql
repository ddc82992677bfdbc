UPDATE shard_owners
SET owner = $1,
    epoch = epoch + 1,
    taken_at = now()
RETURNING epoch
