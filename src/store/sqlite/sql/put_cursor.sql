-- A channel that was cleared counts from 1 again, so that a cursor may go back.
INSERT INTO cursors (channel_id, shard, last_entry, last_created_at, generation, missed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (channel_id) DO UPDATE
SET shard = excluded.shard,
    last_entry = excluded.last_entry,
    last_created_at = excluded.last_created_at,
    generation = excluded.generation,
    missed = excluded.missed
