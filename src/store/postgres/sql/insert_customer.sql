INSERT INTO customers (id, community_id, name, version, created_at)
VALUES ($1, $2, $3, $4, $5)
