-- Those from which the log leads on no more.
DELETE FROM twin_checkpoints
WHERE node = ?1 AND at < ?2
