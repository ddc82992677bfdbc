DELETE FROM rollup_marks
WHERE node = $1 AND hour = ANY ($2::timestamptz[]) AND taken
