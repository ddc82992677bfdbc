SELECT channel_id, shard, last_entry, last_created_at, generation, missed
FROM cursors
