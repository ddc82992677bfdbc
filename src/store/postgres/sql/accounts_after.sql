SELECT id, email, name, role, distributor_id, region, community_id, customer_id,
    password, external_id, totp, failures, failed_at, valid_from, disabled_at, created_at, version,
    must_change_password, one_time_until
FROM users
WHERE id > $1
ORDER BY id
LIMIT $2
