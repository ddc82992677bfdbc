-- A source is 17 bytes that sort as sources do: 0, channel, entry (both big-endian), or 1, uuid.
-- A telemetry revision below nought is a late row's: `-1 - revision` of the revision that stood.
-- Unsigned numbers (channels, entries, counters) are the same 64 bits, signed.

-- `epoch` is the ownership under which the snapshot was written.
CREATE TABLE twin_snapshots (
    node     uuid   NOT NULL PRIMARY KEY,
    shard    int    NOT NULL,
    epoch    bigint NOT NULL DEFAULT 0,
    revision bigint NOT NULL,
    state    bytea  NOT NULL
);

-- `change` is kept as the text that was written: json, not jsonb.
CREATE TABLE twin_events (
    node     uuid        NOT NULL,
    revision bigint      NOT NULL,
    at       timestamptz NOT NULL,
    change   json        NOT NULL,
    PRIMARY KEY (node, revision)
);

-- Every node that ever had an entry in its change log: found here, since to find them in the history
-- would be to read it.
CREATE TABLE logged_nodes (
    node uuid NOT NULL PRIMARY KEY
);

-- The four telemetry tables have one row a sample, and differ in the metrics that have a column.
-- No foreign key leads to `nodes`: history outlives them. Each is parted by month of the source's time.
--
-- `verdicts` is null where the sample told good numbers only, in the order of their columns.
-- Otherwise it has two bytes for each value, in the sample's order: which column (0 is the first, 255
-- says that the value is a row of `telemetry_other`), and the verdict (16 x quality + reason; 0 is good).
--
-- `derived` is a JSON object of the derived values that have no column, or null.
CREATE TABLE telemetry_tank (
    node          uuid        NOT NULL,
    source_at     timestamptz NOT NULL,
    source        bytea       NOT NULL,
    received_at   timestamptz NOT NULL,
    revision      bigint      NOT NULL,
    verdicts      bytea,
    distance_cm   float8,
    level_cm      float8,
    temperature_c float8,
    pump          float8,
    level_pct     float8,
    volume_l      float8,
    derived       json,
    PRIMARY KEY (node, source_at, source)
) PARTITION BY RANGE (source_at);

CREATE TABLE telemetry_flow (
    node          uuid        NOT NULL,
    source_at     timestamptz NOT NULL,
    source        bytea       NOT NULL,
    received_at   timestamptz NOT NULL,
    revision      bigint      NOT NULL,
    verdicts      bytea,
    flow_lpm      float8,
    total_l       float8,
    derived       json,
    PRIMARY KEY (node, source_at, source)
) PARTITION BY RANGE (source_at);

CREATE TABLE telemetry_deep (
    node          uuid        NOT NULL,
    source_at     timestamptz NOT NULL,
    source        bytea       NOT NULL,
    received_at   timestamptz NOT NULL,
    revision      bigint      NOT NULL,
    verdicts      bytea,
    depth_m       float8,
    pressure_kpa  float8,
    pump          float8,
    derived       json,
    PRIMARY KEY (node, source_at, source)
) PARTITION BY RANGE (source_at);

CREATE TABLE telemetry_generic (
    node          uuid        NOT NULL,
    source_at     timestamptz NOT NULL,
    source        bytea       NOT NULL,
    received_at   timestamptz NOT NULL,
    revision      bigint      NOT NULL,
    verdicts      bytea,
    derived       json,
    PRIMARY KEY (node, source_at, source)
) PARTITION BY RANGE (source_at);

-- The change log: late rows changed nothing and are not in it.
CREATE INDEX telemetry_tank_log ON telemetry_tank (node, revision) WHERE revision >= 0;
CREATE INDEX telemetry_flow_log ON telemetry_flow (node, revision) WHERE revision >= 0;
CREATE INDEX telemetry_deep_log ON telemetry_deep (node, revision) WHERE revision >= 0;
CREATE INDEX telemetry_generic_log ON telemetry_generic (node, revision) WHERE revision >= 0;

-- One row a value: metrics without a column, and every value that has no number or was refused.
-- `kind` names the table of its sample (0 generic, 1 tank, 2 flow, 3 deep), `position` its place in it.
CREATE TABLE telemetry_other (
    node      uuid        NOT NULL,
    source_at timestamptz NOT NULL,
    source    bytea       NOT NULL,
    kind      smallint    NOT NULL,
    position  int         NOT NULL,
    metric    text        NOT NULL,
    number    float8,
    raw       text,
    verdict   smallint    NOT NULL,
    PRIMARY KEY (node, source_at, source, kind, position)
) PARTITION BY RANGE (source_at);

-- What is outside of these months is no month's: a device that means the year 1970 or 2106 is never
-- refused, and never makes a table. The check lets months be added without reading these tables.
CREATE TABLE telemetry_tank_rest PARTITION OF telemetry_tank (
    CHECK (source_at < '2010-01-01 00:00:00+00' OR source_at >= '2040-01-01 00:00:00+00')
) DEFAULT;
CREATE TABLE telemetry_flow_rest PARTITION OF telemetry_flow (
    CHECK (source_at < '2010-01-01 00:00:00+00' OR source_at >= '2040-01-01 00:00:00+00')
) DEFAULT;
CREATE TABLE telemetry_deep_rest PARTITION OF telemetry_deep (
    CHECK (source_at < '2010-01-01 00:00:00+00' OR source_at >= '2040-01-01 00:00:00+00')
) DEFAULT;
CREATE TABLE telemetry_generic_rest PARTITION OF telemetry_generic (
    CHECK (source_at < '2010-01-01 00:00:00+00' OR source_at >= '2040-01-01 00:00:00+00')
) DEFAULT;
CREATE TABLE telemetry_other_rest PARTITION OF telemetry_other (
    CHECK (source_at < '2010-01-01 00:00:00+00' OR source_at >= '2040-01-01 00:00:00+00')
) DEFAULT;

-- A part of a table is reached through the whole alone: policies are the whole's.
CREATE FUNCTION keep_behind(part text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'evara_app') THEN
        EXECUTE format('REVOKE ALL ON %I FROM evara_app', part);
    END IF;
END
$$;

SELECT keep_behind('telemetry_' || kind || '_rest')
FROM unnest(ARRAY['tank', 'flow', 'deep', 'generic', 'other']) AS kind;

-- Makes the tables of a month where they are not there. A month is made beside the history and then
-- attached to it, which keeps out neither readers nor writers of the other months. The tables are taken
-- in the order in which every other statement takes them.
CREATE FUNCTION make_telemetry_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    first  date := date_trunc('month', month);
    next   date := first + interval '1 month';
    parent text;
    child  text;
BEGIN
    IF first < '2010-01-01' OR first >= '2040-01-01' THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('make_telemetry_month'));
    FOREACH parent IN ARRAY ARRAY['telemetry_tank', 'telemetry_flow', 'telemetry_deep',
                                  'telemetry_generic', 'telemetry_other'] LOOP
        child := parent || to_char(first, '_YYYY_MM');
        IF to_regclass(child) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                           parent, child, first || ' 00:00:00+00', next || ' 00:00:00+00');
            PERFORM keep_behind(child);
        END IF;
    END LOOP;
END
$$;

-- Drops the tables of a month, whatever is in them.
CREATE FUNCTION drop_telemetry_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    parent text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_telemetry_month'));
    FOREACH parent IN ARRAY ARRAY['telemetry_tank', 'telemetry_flow', 'telemetry_deep',
                                  'telemetry_generic', 'telemetry_other'] LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I', parent || to_char(month, '_YYYY_MM'));
    END LOOP;
END
$$;

-- Both speak as the owner: the service may ask for them, and nobody else.
REVOKE ALL ON FUNCTION make_telemetry_month(date), drop_telemetry_month(date), keep_behind(text) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'evara_app') THEN
        GRANT EXECUTE ON FUNCTION make_telemetry_month(date), drop_telemetry_month(date) TO evara_app;
    END IF;
END
$$;

-- This month and the next three.
SELECT make_telemetry_month(((now() AT TIME ZONE 'UTC')::date + make_interval(months => ahead))::date)
FROM generate_series(0, 3) AS ahead;

CREATE TABLE cursors (
    channel_id      bigint      NOT NULL PRIMARY KEY,
    shard           int         NOT NULL,
    last_entry      bigint      NOT NULL,
    last_created_at timestamptz NOT NULL,
    generation      bigint      NOT NULL,
    missed          bigint      NOT NULL
);

CREATE TABLE dead_letters (
    id      uuid        NOT NULL PRIMARY KEY,
    node    uuid        NOT NULL,
    at      timestamptz NOT NULL,
    error   text        NOT NULL,
    message text        NOT NULL
);

-- The newest ones, newest first.
CREATE INDEX dead_letters_by_age ON dead_letters (at, id);

SELECT guard_rows(guarded::regclass, 'EXISTS (SELECT FROM nodes WHERE id = node)')
FROM unnest(ARRAY['twin_snapshots', 'twin_events', 'telemetry_tank', 'telemetry_flow', 'telemetry_deep',
                  'telemetry_generic', 'telemetry_other', 'dead_letters']) AS guarded;
SELECT guard_rows('logged_nodes', 'false');
SELECT guard_rows('cursors', 'false');
