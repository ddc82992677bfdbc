SELECT shard
FROM shard_owners
-- The order in which everyone takes them.
ORDER BY shard
-- Waits for every transaction that holds one.
FOR UPDATE
