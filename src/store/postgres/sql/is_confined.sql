-- Whether we may work as the role that owns nothing, and as whom we logged in. It has to be one that policies hold
-- for, and to have its rights: who made it after the schema has not given them yet.
SELECT
    COALESCE(bool_or(
        -- To be a member is not enough from PostgreSQL 16 on, which knows no such word before.
        pg_has_role(current_user, oid,
                    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
        AND NOT rolsuper AND NOT rolbypassrls
        AND has_table_privilege(oid, 'nodes', 'SELECT')
        AND NOT EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relnamespace = current_schema::regnamespace)
    ), false),
    current_user::text
FROM pg_roles
WHERE rolname = 'evara_app'
