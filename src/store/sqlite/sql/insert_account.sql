INSERT INTO users (
    id, email, name, role, distributor_id, region, community_id, customer_id,
    password, external_id, totp, failures, failed_at, valid_from, disabled_at, created_at, version,
    must_change_password, one_time_until
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
