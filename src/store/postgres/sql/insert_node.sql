INSERT INTO nodes (id, node_key, community_id, version, created_at, spec)
VALUES ($1, $2, $3, $4, $5, ($6::text)::jsonb)
