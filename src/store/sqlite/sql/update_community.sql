UPDATE communities
SET distributor_id = ?2,
    plan_id = ?3,
    region = ?4,
    name = ?5,
    time_zone = ?6,
    version = ?7,
    created_at = ?8
-- Only over the version that the writer saw.
WHERE id = ?1 AND version = ?7 - 1
