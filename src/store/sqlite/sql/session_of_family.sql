SELECT id, user_id, family, refresh, created_at, used_at, expires_at, ended_at, agent, address
FROM sessions
WHERE family = ?1 AND ended_at IS NULL
