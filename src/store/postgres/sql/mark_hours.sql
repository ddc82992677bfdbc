-- In the order of the key: writers do not wait for each other in a circle.
INSERT INTO rollup_marks (hour, node, taken)
SELECT hour, node, false
FROM unnest($1::timestamptz[], $2::uuid[]) AS batch (hour, node)
ORDER BY hour, node
ON CONFLICT (hour, node, taken) DO NOTHING
