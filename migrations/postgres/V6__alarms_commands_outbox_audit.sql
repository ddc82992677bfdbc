-- Conditions that people are told of. One episode of a rule on a node is one row, from its raising to its
-- clearing; `detail` is what the rule saw.
CREATE TABLE alarms (
    id              uuid        NOT NULL PRIMARY KEY,
    node            uuid        NOT NULL,
    rule            text        NOT NULL,
    severity        text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    raised_at       timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    cleared_at      timestamptz,
    detail          json        NOT NULL,
    CHECK (cleared_at IS NULL OR cleared_at >= raised_at)
);

-- A rule has one episode at a time on a node; also the list of what is active.
CREATE UNIQUE INDEX alarms_active ON alarms (node, rule) WHERE cleared_at IS NULL;
-- The alarms of a node, newest first.
CREATE INDEX alarms_of_node ON alarms (node, raised_at DESC, id);
-- What retention takes: episodes that ended long ago.
CREATE INDEX alarms_cleared ON alarms (cleared_at) WHERE cleared_at IS NOT NULL;

-- What a device was asked to do, until it did or never will.
CREATE TABLE commands (
    id         uuid        NOT NULL PRIMARY KEY,
    node       uuid        NOT NULL,
    name       text        NOT NULL,
    arguments  json        NOT NULL,
    state      text        NOT NULL
        CHECK (state IN ('queued', 'sent', 'acknowledged', 'failed', 'expired', 'cancelled')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    changed_at timestamptz NOT NULL,
    -- The other side's name for it, once it has one.
    remote_id  bigint,
    error      text
);

-- What a device still has to be told, oldest first.
CREATE INDEX commands_waiting ON commands (node, created_at, id) WHERE state IN ('queued', 'sent');
-- The commands of a node, newest first.
CREATE INDEX commands_of_node ON commands (node, created_at DESC, id);

-- What others are to be told, written with what it is about, and taken away once it was told.
CREATE TABLE outbox (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text        NOT NULL,
    node       uuid,
    payload    json        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    attempts   int         NOT NULL DEFAULT 0,
    next_at    timestamptz NOT NULL DEFAULT now()
);

-- What is due, in the order in which it is told.
CREATE INDEX outbox_due ON outbox (next_at, id);

-- Who did what. Only ever added to; retention takes what is old, by its owner's hand.
CREATE TABLE audit (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    actor        text        NOT NULL,
    action       text        NOT NULL,
    subject      text        NOT NULL,
    community_id uuid,
    detail       json
);

-- By time: rows come in its order, so that a few pages of the index tell where to look.
CREATE INDEX audit_by_time ON audit USING brin (at);
-- What was done to one subject, newest first.
CREATE INDEX audit_of_subject ON audit (subject, id DESC);

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only added to' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

SELECT guard_rows(guarded::regclass, 'EXISTS (SELECT FROM nodes WHERE id = node)')
FROM unnest(ARRAY['alarms', 'commands']) AS guarded;
SELECT guard_rows('outbox', 'false');
SELECT guard_rows('audit', 'community_id = (SELECT scope_community())');

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'evara_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM evara_app;
    END IF;
END
$$;
