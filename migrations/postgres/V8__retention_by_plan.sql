-- What is read below is every community's.
SELECT set_config('evara.scope', 'system', true);

-- Samples of a node that were measured before this instant may be gone, and rollups of that time are not
-- made again. By node, since each is kept for as long as its community's plan says.
CREATE TABLE sealed_nodes (
    node   uuid        NOT NULL PRIMARY KEY,
    before timestamptz NOT NULL
);
INSERT INTO sealed_nodes SELECT rollup_rules.node, sealed.before FROM rollup_rules, sealed;
DROP TABLE sealed;
SELECT guard_rows('sealed_nodes', 'false');

-- What retention takes: commands that came to their end long ago.
CREATE INDEX commands_ended ON commands (changed_at) WHERE state NOT IN ('queued', 'sent');

-- Drops the tables of a month if nothing is in them any more. Nothing can come in between the look and the
-- drop: the tables are held, in the order in which every other statement takes them.
CREATE FUNCTION drop_empty_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    first   date := date_trunc('month', month);
    next    date := first + interval '1 month';
    held    boolean := false;
    parent  text;
    is_used boolean;
BEGIN
    IF NOT is_system() THEN
        RAISE EXCEPTION 'who does not see everything cannot tell what is empty';
    END IF;
    LOOP
        FOREACH parent IN ARRAY ARRAY['telemetry_tank', 'telemetry_flow', 'telemetry_deep',
                                      'telemetry_generic', 'telemetry_other'] LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE source_at >= %L AND source_at < %L)',
                           parent, first || ' 00:00:00+00', next || ' 00:00:00+00')
                INTO is_used;
            IF is_used THEN
                RETURN false;
            END IF;
        END LOOP;
        -- First without keeping anybody out, and once more when nobody else is in.
        EXIT WHEN held;
        held := true;
        PERFORM pg_advisory_xact_lock(hashtext('make_telemetry_month'));
        LOCK TABLE ONLY telemetry_tank, ONLY telemetry_flow, ONLY telemetry_deep,
                   ONLY telemetry_generic, ONLY telemetry_other IN ACCESS EXCLUSIVE MODE;
    END LOOP;
    PERFORM drop_telemetry_month(first);
    RETURN true;
END
$$;

-- The audit is nobody's to delete from but its owner's, and for no other reason than its age: at most
-- `most` rows that are older at `today` than the plan of their community keeps them; a year without one.
CREATE FUNCTION expire_audit(today timestamptz, most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM audit WHERE id IN (
        SELECT audit.id
        FROM audit
        LEFT JOIN communities ON communities.id = audit.community_id
        LEFT JOIN plans ON plans.id = communities.plan_id
        WHERE audit.at < today - make_interval(days => (SELECT least(365, min(audit_days)) FROM plans))
          AND audit.at < today - make_interval(
              days => CASE WHEN plans.id IS NULL THEN 365 ELSE plans.audit_days END)
        LIMIT most
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

REVOKE ALL ON FUNCTION drop_empty_month(date), expire_audit(timestamptz, bigint) FROM PUBLIC;
-- What drops a month whatever is in it is nobody's to ask for any more.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'evara_app') THEN
        GRANT EXECUTE ON FUNCTION drop_empty_month(date), expire_audit(timestamptz, bigint) TO evara_app;
        REVOKE EXECUTE ON FUNCTION drop_telemetry_month(date) FROM evara_app;
    END IF;
END
$$;
