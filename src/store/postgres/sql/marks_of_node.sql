-- The marked hours that overlap a span: they begin less than an hour before it.
-- $1 node, $2 an hour before the span, $3 its end.
SELECT DISTINCT hour
FROM rollup_marks
WHERE node = $1 AND hour > $2 AND hour < $3
ORDER BY hour
