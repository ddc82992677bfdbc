-- A key opens the channel it was given for; the node reads another one now, or none.
DELETE FROM channel_secrets
WHERE node = $1 AND channel_id IS DISTINCT FROM $2
