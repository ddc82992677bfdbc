SELECT sessions.id, sessions.user_id, sessions.family, sessions.refresh, sessions.created_at, sessions.used_at, sessions.expires_at, sessions.ended_at, sessions.agent, sessions.address
FROM sessions
JOIN users ON users.id = user_id AND valid_from <= sessions.created_at
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
ORDER BY sessions.created_at DESC, sessions.id DESC
