-- Gives the role that the service works as what it may do, and nothing else; says whether it could. Every `evara
-- migrate` asks for it: the role may have been made, or become ours to work as, after the steps that gave it its rights.
CREATE FUNCTION equip_app_role() RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    guarded regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'evara_app') THEN
        RETURN false;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO evara_app', current_schema);
    GRANT SELECT ON refinery_schema_history TO evara_app;
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO evara_app', current_schema);
    FOR guarded IN
        SELECT oid FROM pg_class
        WHERE relnamespace = current_schema::regnamespace AND relkind IN ('r', 'p')
          AND NOT relispartition AND relforcerowsecurity
          AND NOT has_table_privilege('evara_app', oid, 'SELECT')
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO evara_app', guarded);
    END LOOP;
    -- A part of a table is reached through the whole alone.
    FOR guarded IN
        SELECT oid FROM pg_class
        WHERE relnamespace = current_schema::regnamespace AND relkind = 'r'
          AND relispartition AND has_table_privilege('evara_app', oid, 'SELECT')
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM evara_app', guarded);
    END LOOP;
    REVOKE UPDATE, DELETE, TRUNCATE ON audit, audit_seals FROM evara_app;
    REVOKE DELETE, TRUNCATE ON audit_chains, audit_cuts FROM evara_app;
    GRANT EXECUTE ON FUNCTION make_telemetry_month(date), drop_empty_month(date), expire_audit(uuid) TO evara_app;
    RETURN true;
EXCEPTION
    -- Who owns nothing of this gives nothing away.
    WHEN insufficient_privilege THEN
        RETURN false;
END
$$;
REVOKE ALL ON FUNCTION equip_app_role() FROM PUBLIC;
