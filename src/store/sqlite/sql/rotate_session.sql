UPDATE sessions
SET refresh = ?3, used_at = ?4
-- Of two who bring the same token, the second finds another one here.
WHERE family = ?1 AND refresh = ?2 AND ended_at IS NULL AND expires_at > ?4
    AND EXISTS (
        SELECT 1
        FROM users
        WHERE users.id = user_id AND disabled_at IS NULL AND valid_from <= sessions.created_at
    )
RETURNING id, user_id, family, refresh, created_at, used_at, expires_at, ended_at, agent, address
