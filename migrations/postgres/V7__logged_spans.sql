-- In which span of source times, and in which table (`kind`: 0 generic, 1 tank, 2 flow, 3 deep), a node's
-- change log has samples, or had: a month, or all that is before or behind the months. Both ends are in
-- it. A start looks for what followed a snapshot there, and not in every month's tables for every node.
CREATE TABLE logged_spans (
    node    uuid        NOT NULL,
    kind    smallint    NOT NULL,
    from_at timestamptz NOT NULL,
    to_at   timestamptz NOT NULL,
    PRIMARY KEY (node, kind, from_at)
);

-- What a dropped month takes along.
CREATE INDEX logged_spans_by_month ON logged_spans (from_at);

WITH log AS (
    SELECT node, 0 AS kind, source_at AT TIME ZONE 'UTC' AS at FROM telemetry_generic WHERE revision >= 0
    UNION ALL
    SELECT node, 1 AS kind, source_at AT TIME ZONE 'UTC' AS at FROM telemetry_tank WHERE revision >= 0
    UNION ALL
    SELECT node, 2 AS kind, source_at AT TIME ZONE 'UTC' AS at FROM telemetry_flow WHERE revision >= 0
    UNION ALL
    SELECT node, 3 AS kind, source_at AT TIME ZONE 'UTC' AS at FROM telemetry_deep WHERE revision >= 0
), spans AS (
    SELECT DISTINCT
        node,
        kind,
        CASE
            WHEN at < '2010-01-01' THEN '0001-01-01 BC'
            WHEN at >= '2040-01-01' THEN '2040-01-01'
            ELSE date_trunc('month', at)
        END AS first,
        CASE
            WHEN at < '2010-01-01' THEN '2010-01-01'
            WHEN at >= '2040-01-01' THEN '10000-01-01'
            ELSE date_trunc('month', at) + interval '1 month'
        END AS past
    FROM log
)
INSERT INTO logged_spans (node, kind, from_at, to_at)
SELECT node, kind, first AT TIME ZONE 'UTC', (past - interval '1 millisecond') AT TIME ZONE 'UTC'
FROM spans;

SELECT guard_rows('logged_spans', 'false');
