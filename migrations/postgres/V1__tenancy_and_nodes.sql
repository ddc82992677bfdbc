-- Ids are uuids, instants are timestamptz of whole milliseconds. PostgreSQL's text has no U+0000: in texts
-- of people and devices it is written as U+E000 '0', and U+E000 itself as U+E000 '1'.

-- The role that the service works as: it owns nothing, so that it can neither drop nor alter anything, and
-- no policy is passed over for it. Where we may not make roles the service works as who it logs in as; the
-- policies hold for that one too, since they are forced.
DO $$
BEGIN
    BEGIN
        CREATE ROLE evara_app NOLOGIN;
    EXCEPTION
        -- Roles are the server's: another database of it may have made this one, also just now.
        WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    EXECUTE format('GRANT evara_app TO %I', current_user);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO evara_app', current_schema);
    -- Who works as this role without being the owner has to see how far the schema is.
    IF to_regclass('refinery_schema_history') IS NOT NULL THEN
        GRANT SELECT ON refinery_schema_history TO evara_app;
    END IF;
    -- Of every table that this step and later ones make.
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO evara_app', current_schema);
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'no role evara_app: the service will work as the role that it logs in as';
END
$$;

-- In whose name a transaction speaks, by `SET LOCAL evara.scope`: 'system' for the service's own work, or the id
-- of a community. Whoever says nothing sees nothing. Policies ask in a sub-select, which is answered
-- once for a statement rather than once for a row.
CREATE FUNCTION is_system() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT COALESCE(current_setting('evara.scope', true) = 'system', false)
$$;

CREATE FUNCTION scope_community() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN current_setting('evara.scope', true) <> 'system'
                THEN NULLIF(current_setting('evara.scope', true), '')::uuid END
$$;

-- Guards a table: `visible` says which rows are the community's.
CREATE FUNCTION guard_rows(guarded regclass, visible text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY scope ON %s USING ((SELECT is_system()) OR %s)', guarded, visible);
END
$$;

-- What the store knows of itself, such as which SECRET_KEY it was begun with.
CREATE TABLE store_facts (
    name  text  NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

-- Who looks after communities.
CREATE TABLE distributors (
    id         uuid        NOT NULL PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- What is kept, and for how long; null keeps it for ever.
CREATE TABLE plans (
    id               uuid NOT NULL PRIMARY KEY,
    name             text NOT NULL UNIQUE,
    raw_days         int  CHECK (raw_days > 0) DEFAULT 30,
    alarm_days       int  CHECK (alarm_days > 0) DEFAULT 90,
    audit_days       int  CHECK (audit_days > 0) DEFAULT 365
);

-- A village, a campus, a block: the tenant. Its time zone (IANA) decides where a day begins; its region
-- is a column, since one database serves several.
CREATE TABLE communities (
    id             uuid        NOT NULL PRIMARY KEY,
    distributor_id uuid        REFERENCES distributors (id),
    plan_id        uuid        REFERENCES plans (id),
    name           text        NOT NULL,
    region         text        NOT NULL DEFAULT '',
    time_zone      text        NOT NULL DEFAULT 'UTC',
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- Lists of what one distributor looks after.
CREATE INDEX communities_of_distributor ON communities (distributor_id);

CREATE TABLE customers (
    id           uuid        NOT NULL PRIMARY KEY,
    community_id uuid        NOT NULL REFERENCES communities (id),
    name         text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- Lists of the customers of one community.
CREATE INDEX customers_of_community ON customers (community_id);

-- `spec` is the whole truth of a node. A column beside it is one that a constraint or an order rests on;
-- a generated one is there for lists. The ids of tenants are taken as they come, also before the tenant
-- is described here: no foreign key leads there.
CREATE TABLE nodes (
    id             uuid        NOT NULL PRIMARY KEY,
    node_key       text        NOT NULL,
    community_id   uuid,
    version        bigint      NOT NULL,
    created_at     timestamptz NOT NULL,
    spec           jsonb       NOT NULL,
    label          text        GENERATED ALWAYS AS (spec ->> 'label') STORED,
    kind           text        GENERATED ALWAYS AS (spec ->> 'kind') STORED,
    category       text        GENERATED ALWAYS AS (spec ->> 'category') STORED,
    customer_id    text        GENERATED ALWAYS AS (spec ->> 'customer_id') STORED,
    distributor_id text        GENERATED ALWAYS AS (spec ->> 'distributor_id') STORED,
    channel_id     numeric     GENERATED ALWAYS AS ((spec #>> '{channel,channel_id}')::numeric) STORED,
    tags           jsonb       GENERATED ALWAYS AS (spec -> 'tags') STORED,
    -- Nodes without a community are as one community.
    CONSTRAINT nodes_by_key UNIQUE NULLS NOT DISTINCT (community_id, node_key)
);

-- The list of all nodes, in the order of creation.
CREATE INDEX nodes_by_age ON nodes (created_at, id);
-- Nodes with a tag, with a tag of a value.
CREATE INDEX nodes_by_tag ON nodes USING gin (tags jsonb_path_ops);
-- The nodes that read one channel.
CREATE INDEX nodes_by_channel ON nodes (channel_id) WHERE channel_id IS NOT NULL;

-- Ids that were removed: their history stays, their twins do not come back.
CREATE TABLE removed_nodes (
    id uuid NOT NULL PRIMARY KEY
);

-- `read_key` is sealed: format, key id, nonce, ciphertext with tag.
CREATE TABLE channel_secrets (
    node       uuid   NOT NULL PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
    channel_id bigint NOT NULL,
    read_key   bytea  NOT NULL
);

SELECT guard_rows('store_facts', 'false');
SELECT guard_rows('communities', 'id = (SELECT scope_community())');
SELECT guard_rows('customers', 'community_id = (SELECT scope_community())');
SELECT guard_rows('nodes', 'community_id = (SELECT scope_community())');
SELECT guard_rows('removed_nodes', 'false');
-- A community sees its nodes only, and so what is theirs.
SELECT guard_rows('channel_secrets', 'EXISTS (SELECT FROM nodes WHERE id = node)');
