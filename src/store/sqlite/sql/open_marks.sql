-- Marks of hours that begin before ?1, oldest first, also those that were taken and never settled.
SELECT DISTINCT hour, node
FROM rollup_marks
WHERE hour < ?1
ORDER BY hour, node
LIMIT ?2
