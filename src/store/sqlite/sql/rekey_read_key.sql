UPDATE channel_secrets
SET read_key = ?3
-- What was changed meanwhile stays.
WHERE node = ?1 AND read_key = ?2
