-- Who did what, in chains: one of each community, of each distributor, and the nil one of the service. Of
-- the audit that was here before nobody has written a row.
DROP TABLE audit;
DROP FUNCTION refuse_change(), expire_audit(timestamptz, bigint);

-- How far each chain is. Whoever adds a row holds the row of its chain FOR UPDATE until their transaction ends.
CREATE TABLE audit_chains (
    chain  uuid   NOT NULL PRIMARY KEY,
    number bigint NOT NULL CHECK (number >= 0),
    key    bytea  NOT NULL CHECK (length(key) = 4),
    mac    bytea  NOT NULL CHECK (length(mac) = 32)
);

-- Only ever added to. `key` and `mac` bind a row to the one before; `before` and `after` are JSON without
-- secrets, as texts, since they are bound byte for byte.
CREATE TABLE audit (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain       uuid        NOT NULL,
    number      bigint      NOT NULL CHECK (number > 0),
    key         bytea       NOT NULL CHECK (length(key) = 4),
    mac         bytea       NOT NULL CHECK (length(mac) = 32),
    at          timestamptz NOT NULL,
    actor_kind  text        NOT NULL,
    actor       uuid,
    session     uuid,
    address     text,
    correlation text,
    action      text        NOT NULL,
    target      text        NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('done', 'denied')),
    before      text,
    after       text,
    CONSTRAINT audit_by_number UNIQUE (chain, number)
);

CREATE INDEX audit_of_target ON audit (target, id DESC);
CREATE INDEX audit_of_actor ON audit (actor, id DESC) WHERE actor IS NOT NULL;

-- The word of whoever has the key on how far a chain was.
CREATE TABLE audit_seals (
    chain       uuid        NOT NULL,
    number      bigint      NOT NULL CHECK (number > 0),
    head_number bigint      NOT NULL,
    head_key    bytea       NOT NULL CHECK (length(head_key) = 4),
    head_mac    bytea       NOT NULL CHECK (length(head_mac) = 32),
    at          timestamptz NOT NULL,
    key         bytea       NOT NULL CHECK (length(key) = 4),
    mac         bytea       NOT NULL CHECK (length(mac) = 32),
    PRIMARY KEY (chain, number)
);

-- Where a chain begins whose front was taken for its age: the seal on the last row that was taken, and the
-- key's word that it was.
CREATE TABLE audit_cuts (
    chain       uuid        NOT NULL PRIMARY KEY,
    number      bigint      NOT NULL,
    head_number bigint      NOT NULL,
    head_key    bytea       NOT NULL,
    head_mac    bytea       NOT NULL,
    at          timestamptz NOT NULL,
    key         bytea       NOT NULL,
    mac         bytea       NOT NULL,
    cut_key     bytea       NOT NULL,
    cut_mac     bytea       NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only added to' USING ERRCODE = 'insufficient_privilege';
END
$$;

-- For those who have more rights than the service's role, so that a slip of theirs is one no longer.
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_are_only_added_to BEFORE UPDATE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chains_only_grow BEFORE UPDATE ON audit_chains
    FOR EACH ROW WHEN (new.chain <> old.chain OR new.number <> old.number + 1)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_cuts_only_advance BEFORE UPDATE ON audit_cuts
    FOR EACH ROW WHEN (new.chain <> old.chain OR new.head_number <= old.head_number)
    EXECUTE FUNCTION refuse_change();

-- Takes what is before the cut of a chain, and is the only way to take anything. What is younger than a year
-- by the server's own clock is never taken, whoever asks.
CREATE FUNCTION expire_audit(of_chain uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    cut  audit_cuts;
    gone bigint;
BEGIN
    SELECT * INTO cut FROM audit_cuts WHERE chain = of_chain;
    IF EXISTS (SELECT FROM audit WHERE chain = of_chain AND number <= cut.head_number
                   AND at > now() - interval '365 days') THEN
        RAISE EXCEPTION 'the audit is kept for a year' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM audit WHERE chain = of_chain AND number <= cut.head_number;
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM audit_seals WHERE chain = of_chain AND number <= cut.number;
    RETURN gone;
END
$$;
REVOKE ALL ON FUNCTION expire_audit(uuid) FROM PUBLIC;

SELECT guard_rows('audit', 'is_seen(chain, NULL, NULL, NULL) OR is_seen_in(chain, NULL)');
SELECT guard_rows(guarded::regclass, 'false')
FROM unnest(ARRAY['audit_chains', 'audit_seals', 'audit_cuts']) AS guarded;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'evara_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON audit, audit_seals FROM evara_app;
        REVOKE DELETE, TRUNCATE ON audit_chains, audit_cuts FROM evara_app;
        GRANT EXECUTE ON FUNCTION expire_audit(uuid) TO evara_app;
    END IF;
END
$$;
