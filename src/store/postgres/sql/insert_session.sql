INSERT INTO sessions (id, user_id, family, refresh, created_at, used_at, expires_at, ended_at, agent, address)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
