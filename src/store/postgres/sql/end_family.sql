UPDATE sessions
SET ended_at = coalesce(ended_at, $3)
WHERE family = $1 AND refresh <> $2
RETURNING id, user_id, family, refresh, created_at, used_at, expires_at, ended_at, agent, address
