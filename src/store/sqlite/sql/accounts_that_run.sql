SELECT id
FROM users
WHERE role = 'super_admin' AND disabled_at IS NULL
