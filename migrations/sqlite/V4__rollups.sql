-- What the readings of an hour or a day of a node's zone come to: `at` is its first instant, `until` the
-- first one after it. Made anew whenever readings come in late, until its samples are gone.
CREATE TABLE rollup_hours (
    node     BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    metric   TEXT    NOT NULL,
    until    INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    sum      REAL    NOT NULL,
    min      REAL    NOT NULL,
    max      REAL    NOT NULL,
    first_at INTEGER NOT NULL,
    first    REAL    NOT NULL,
    last_at  INTEGER NOT NULL,
    last     REAL    NOT NULL,
    passed   REAL    NOT NULL,
    refused  INTEGER NOT NULL,
    PRIMARY KEY (node, at, metric)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_days (
    node     BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    metric   TEXT    NOT NULL,
    until    INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    sum      REAL    NOT NULL,
    min      REAL    NOT NULL,
    max      REAL    NOT NULL,
    first_at INTEGER NOT NULL,
    first    REAL    NOT NULL,
    last_at  INTEGER NOT NULL,
    last     REAL    NOT NULL,
    passed   REAL    NOT NULL,
    refused  INTEGER NOT NULL,
    PRIMARY KEY (node, at, metric)
) STRICT, WITHOUT ROWID;

-- Hours of UTC with samples that no rollup has seen, written with the samples. `taken` is 1 while the
-- rollups are being worked out; what is committed meanwhile makes a mark beside it.
CREATE TABLE rollup_marks (
    hour  INTEGER NOT NULL,
    node  BLOB    NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (hour, node, taken)
) STRICT, WITHOUT ROWID;

CREATE INDEX rollup_marks_by_node ON rollup_marks (node, hour);

-- Days with hours that were rolled up since the day was.
CREATE TABLE rollup_days_due (
    at   INTEGER NOT NULL,
    node BLOB    NOT NULL,
    PRIMARY KEY (at, node)
) STRICT, WITHOUT ROWID;

CREATE INDEX rollup_days_due_by_node ON rollup_days_due (node, at);

-- By which rule a node is rolled up from `since` on.
CREATE TABLE rollup_rules (
    node  BLOB    NOT NULL PRIMARY KEY,
    zone  TEXT    NOT NULL,
    terms TEXT    NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row at most: samples that were measured before this instant may be gone, and rollups of that time
-- are not made again.
CREATE TABLE sealed (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    before INTEGER NOT NULL
) STRICT;

-- Twins as they stood once a day, by which one of the past is found without its whole log. `day` is the
-- beginning of the day in UTC; what is in `state` had come in by `at`.
CREATE TABLE twin_checkpoints (
    node     BLOB    NOT NULL,
    day      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    state    BLOB    NOT NULL,
    PRIMARY KEY (node, day)
) STRICT;
