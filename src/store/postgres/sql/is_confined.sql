-- Whether we may work as the role that owns nothing.
SELECT COALESCE(bool_or(pg_has_role(current_user, oid, 'MEMBER')), false)
FROM pg_roles
WHERE rolname = 'evara_app'
