-- Takes marks of hours that begin before $1, oldest first, also those that were taken and never settled.
WITH wanted AS (
    SELECT DISTINCT hour, node
    FROM rollup_marks
    WHERE hour < $1
    ORDER BY hour, node
    LIMIT $2
), dropped AS (
    DELETE FROM rollup_marks
    USING wanted
    WHERE rollup_marks.hour = wanted.hour AND rollup_marks.node = wanted.node AND NOT taken
), kept AS (
    INSERT INTO rollup_marks (hour, node, taken)
    SELECT hour, node, true FROM wanted
    ON CONFLICT (hour, node, taken) DO NOTHING
)
SELECT hour, node FROM wanted ORDER BY hour, node
