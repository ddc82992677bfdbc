UPDATE nodes
SET node_key = $2,
    community_id = $3,
    version = $4,
    created_at = $5,
    spec = ($6::text)::jsonb
-- Only over the version that the writer saw.
WHERE id = $1 AND version = $7
RETURNING id
