-- What the readings of an hour or a day of a node's zone come to: `at` is its first instant, `until` the
-- first one after it. Made anew whenever readings come in late, until its samples are gone.
CREATE TABLE rollup_hours (
    node     uuid        NOT NULL,
    at       timestamptz NOT NULL,
    metric   text        NOT NULL,
    until    timestamptz NOT NULL,
    count    bigint      NOT NULL,
    sum      float8      NOT NULL,
    min      float8      NOT NULL,
    max      float8      NOT NULL,
    first_at timestamptz NOT NULL,
    first    float8      NOT NULL,
    last_at  timestamptz NOT NULL,
    last     float8      NOT NULL,
    passed   float8      NOT NULL,
    refused  bigint      NOT NULL,
    PRIMARY KEY (node, at, metric)
);

CREATE TABLE rollup_days (LIKE rollup_hours INCLUDING ALL);

-- Hours of UTC with samples that no rollup has seen, written with the samples. `taken` is true while the
-- rollups are being worked out; what is committed meanwhile makes a mark beside it.
CREATE TABLE rollup_marks (
    hour  timestamptz NOT NULL,
    node  uuid        NOT NULL,
    taken boolean     NOT NULL,
    PRIMARY KEY (hour, node, taken)
);

-- The marks of one node: asked with every question.
CREATE INDEX rollup_marks_by_node ON rollup_marks (node, hour);

-- Days with hours that were rolled up since the day was.
CREATE TABLE rollup_days_due (
    at   timestamptz NOT NULL,
    node uuid        NOT NULL,
    PRIMARY KEY (at, node)
);

-- The due days of one node: asked with every question.
CREATE INDEX rollup_days_due_by_node ON rollup_days_due (node, at);

-- By which rule a node is rolled up from `since` on.
CREATE TABLE rollup_rules (
    node  uuid        NOT NULL PRIMARY KEY,
    zone  text        NOT NULL,
    terms text        NOT NULL,
    since timestamptz NOT NULL
);

-- One row at most: samples that were measured before this instant may be gone, and rollups of that time
-- are not made again.
CREATE TABLE sealed (
    one    boolean     NOT NULL PRIMARY KEY CHECK (one),
    before timestamptz NOT NULL
);

-- Twins as they stood once a day, by which one of the past is found without its whole log. `day` is the
-- beginning of the day in UTC; what is in `state` had come in by `at`.
CREATE TABLE twin_checkpoints (
    node     uuid        NOT NULL,
    day      timestamptz NOT NULL,
    at       timestamptz NOT NULL,
    revision bigint      NOT NULL,
    state    bytea       NOT NULL,
    PRIMARY KEY (node, day)
);

SELECT guard_rows(guarded::regclass, 'EXISTS (SELECT FROM nodes WHERE id = node)')
FROM unnest(ARRAY['rollup_hours', 'rollup_days', 'twin_checkpoints']) AS guarded;
SELECT guard_rows(guarded::regclass, 'false')
FROM unnest(ARRAY['rollup_marks', 'rollup_days_due', 'rollup_rules', 'sealed']) AS guarded;
