-- The newest by an instant. A day that begins after it is left out by its key.
SELECT at, revision, state
FROM twin_checkpoints
WHERE node = $1 AND day <= $2 AND at <= $2
ORDER BY day DESC
LIMIT 1
