SELECT id
FROM users
WHERE role = 'super_admin' AND disabled_at IS NULL AND (password IS NOT NULL OR external_id IS NOT NULL)
