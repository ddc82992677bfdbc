-- Times are milliseconds since 1970 (UTC). A uuid is a blob of 16 bytes.
-- A source is a blob of 17 bytes that sorts as sources do: 0, channel, entry (both big-endian), or 1, uuid.
-- A telemetry revision below nought is a late row's: `-1 - revision` of the revision that stood.

-- What the store knows of itself, such as which SECRET_KEY it was begun with.
CREATE TABLE store_facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- `spec` is the whole truth of a node; a stored column beside it is one that a constraint or an order
-- rests on, a virtual one is there for lists.
CREATE TABLE nodes (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    node_key       TEXT    NOT NULL,
    community_id   BLOB,
    version        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    spec           TEXT    NOT NULL,
    label          TEXT    GENERATED ALWAYS AS (spec ->> '$.label') VIRTUAL,
    kind           TEXT    GENERATED ALWAYS AS (spec ->> '$.kind') VIRTUAL,
    category       TEXT    GENERATED ALWAYS AS (spec ->> '$.category') VIRTUAL,
    customer_id    TEXT    GENERATED ALWAYS AS (spec ->> '$.customer_id') VIRTUAL,
    distributor_id TEXT    GENERATED ALWAYS AS (spec ->> '$.distributor_id') VIRTUAL,
    channel_id     INTEGER GENERATED ALWAYS AS (spec ->> '$.channel.channel_id') VIRTUAL
) STRICT;

-- Nodes without a community are as one community: an SQL null equals no other.
CREATE UNIQUE INDEX nodes_by_key ON nodes (COALESCE(community_id, x''), node_key);
CREATE INDEX nodes_by_age ON nodes (created_at, id);

-- Ids that were removed: their history stays, their twins do not come back.
CREATE TABLE removed_nodes (
    id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- `read_key` is sealed: format, key id, nonce, ciphertext with tag.
CREATE TABLE channel_secrets (
    node       BLOB    NOT NULL PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL,
    read_key   BLOB    NOT NULL
) STRICT;

CREATE TABLE twin_snapshots (
    node     BLOB    NOT NULL PRIMARY KEY,
    shard    INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    state    BLOB    NOT NULL
) STRICT;

-- `change` is JSON.
CREATE TABLE twin_events (
    node     BLOB    NOT NULL,
    revision INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    change   TEXT    NOT NULL,
    PRIMARY KEY (node, revision)
) STRICT, WITHOUT ROWID;

-- The four telemetry tables have one row a sample, and differ in the metrics that have a column.
-- No foreign key leads to `nodes`: history outlives them.
--
-- `verdicts` is null where the sample told good numbers only, in the order of their columns.
-- Otherwise it has two bytes for each value, in the sample's order: which column (0 is the first, 255
-- says that the value is a row of `telemetry_other`), and the verdict (16 x quality + reason; 0 is good).
--
-- `derived` is a JSON object of the derived values that have no column, or null.
CREATE TABLE telemetry_tank (
    node          BLOB    NOT NULL,
    source_at     INTEGER NOT NULL,
    source        BLOB    NOT NULL,
    received_at   INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    verdicts      BLOB,
    distance_cm   REAL,
    level_cm      REAL,
    temperature_c REAL,
    pump          REAL,
    level_pct     REAL,
    volume_l      REAL,
    derived       TEXT,
    PRIMARY KEY (node, source_at, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE telemetry_flow (
    node          BLOB    NOT NULL,
    source_at     INTEGER NOT NULL,
    source        BLOB    NOT NULL,
    received_at   INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    verdicts      BLOB,
    flow_lpm      REAL,
    total_l       REAL,
    derived       TEXT,
    PRIMARY KEY (node, source_at, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE telemetry_deep (
    node          BLOB    NOT NULL,
    source_at     INTEGER NOT NULL,
    source        BLOB    NOT NULL,
    received_at   INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    verdicts      BLOB,
    depth_m       REAL,
    pressure_kpa  REAL,
    pump          REAL,
    derived       TEXT,
    PRIMARY KEY (node, source_at, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE telemetry_generic (
    node          BLOB    NOT NULL,
    source_at     INTEGER NOT NULL,
    source        BLOB    NOT NULL,
    received_at   INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    verdicts      BLOB,
    derived       TEXT,
    PRIMARY KEY (node, source_at, source)
) STRICT, WITHOUT ROWID;

-- The change log: late rows changed nothing and are not in it.
CREATE INDEX telemetry_tank_log ON telemetry_tank (node, revision) WHERE revision >= 0;
CREATE INDEX telemetry_flow_log ON telemetry_flow (node, revision) WHERE revision >= 0;
CREATE INDEX telemetry_deep_log ON telemetry_deep (node, revision) WHERE revision >= 0;
CREATE INDEX telemetry_generic_log ON telemetry_generic (node, revision) WHERE revision >= 0;

-- One row a value: metrics without a column, and every value that has no number or was refused.
-- `number` is a float or null; ANY, because a REAL column loses the sign of a negative nought.
-- `kind` names the table of its sample (0 generic, 1 tank, 2 flow, 3 deep), `position` its place in it.
CREATE TABLE telemetry_other (
    node      BLOB    NOT NULL,
    source_at INTEGER NOT NULL,
    source    BLOB    NOT NULL,
    kind      INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    metric    TEXT    NOT NULL,
    number    ANY,
    raw       TEXT,
    verdict   INTEGER NOT NULL,
    PRIMARY KEY (node, source_at, source, kind, position)
) STRICT, WITHOUT ROWID;

-- `channel_id`, `last_entry` and `missed` are unsigned: the same 64 bits.
CREATE TABLE cursors (
    channel_id      INTEGER NOT NULL PRIMARY KEY,
    shard           INTEGER NOT NULL,
    last_entry      INTEGER NOT NULL,
    last_created_at INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    missed          INTEGER NOT NULL
) STRICT;

CREATE TABLE dead_letters (
    id      BLOB    NOT NULL PRIMARY KEY,
    node    BLOB    NOT NULL,
    at      INTEGER NOT NULL,
    error   TEXT    NOT NULL,
    message TEXT    NOT NULL
) STRICT;

CREATE INDEX dead_letters_by_age ON dead_letters (at, id);
