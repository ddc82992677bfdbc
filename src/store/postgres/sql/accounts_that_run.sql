SELECT id
FROM users
WHERE role = 'super_admin' AND disabled_at IS NULL AND (password IS NOT NULL OR external_id IS NOT NULL)
-- Two who would each remove the other wait for one another here, in one order.
ORDER BY id
FOR UPDATE
