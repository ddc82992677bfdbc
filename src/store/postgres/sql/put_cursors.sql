-- A channel that was cleared counts from 1 again, so that a cursor may go back.
INSERT INTO cursors (channel_id, shard, last_entry, last_created_at, generation, missed)
SELECT *
FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::bigint[])
ON CONFLICT (channel_id) DO UPDATE
SET shard = excluded.shard,
    last_entry = excluded.last_entry,
    last_created_at = excluded.last_created_at,
    generation = excluded.generation,
    missed = excluded.missed
