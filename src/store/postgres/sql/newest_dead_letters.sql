SELECT id, node, at, error, message
FROM dead_letters
ORDER BY at DESC, id DESC
LIMIT $1
