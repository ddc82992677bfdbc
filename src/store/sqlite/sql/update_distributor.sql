UPDATE distributors
SET name = ?2,
    version = ?3,
    created_at = ?4
-- Only over the version that the writer saw.
WHERE id = ?1 AND version = ?3 - 1
