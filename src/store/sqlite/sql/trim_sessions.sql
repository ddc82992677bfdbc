DELETE FROM sessions
WHERE user_id = ?1
    AND id NOT IN (
        SELECT id
        FROM sessions
        WHERE user_id = ?1
        ORDER BY created_at DESC, id DESC
        LIMIT ?2
    )
