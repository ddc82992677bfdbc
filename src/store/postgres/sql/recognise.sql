SELECT
    EXISTS (SELECT 1 FROM denied_tokens WHERE digest IN ($4, $6) AND until > $5),
    users.id, role, distributor_id, region, community_id, customer_id,
    valid_from, disabled_at,
    -- A session is over when it ended, by time or by hand, and when its person became another.
    EXISTS (
        SELECT 1
        FROM sessions
        WHERE sessions.id = $3
            AND user_id = users.id
            AND ended_at IS NULL
            AND expires_at > $5
            AND sessions.created_at >= valid_from
    ),
    must_change_password
-- A row also where there is nobody: that a token was given up is known of everyone.
FROM (SELECT 1 AS always) AS asked
LEFT JOIN users ON users.id = $1 OR external_id = $2
