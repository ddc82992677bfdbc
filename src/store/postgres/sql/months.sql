-- The months that have tables, as 2026_11. They are made and dropped for all five at once.
SELECT right(child.relname, 7)
FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = 'telemetry_other'::regclass AND child.relname <> 'telemetry_other_rest'
