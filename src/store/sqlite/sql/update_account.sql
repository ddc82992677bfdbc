UPDATE users
SET email = ?2, name = ?3, role = ?4,
    distributor_id = ?5, region = ?6, community_id = ?7, customer_id = ?8,
    password = ?9, external_id = ?10, totp = ?11, failures = ?12, failed_at = ?13,
    valid_from = ?14, disabled_at = ?15, created_at = ?16, version = ?17,
    must_change_password = ?18, one_time_until = ?19
-- Of two who change the same version, one comes too late.
WHERE id = ?1 AND version = ?17 - 1
RETURNING id
