UPDATE customers
SET community_id = $2,
    name = $3,
    version = $4,
    created_at = $5
-- Only over the version that the writer saw.
WHERE id = $1 AND version = $4::bigint - 1
RETURNING id
