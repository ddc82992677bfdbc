INSERT INTO rollup_marks (hour, node, taken)
VALUES (?1, ?2, 1)
ON CONFLICT (hour, node, taken) DO NOTHING
