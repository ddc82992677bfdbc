DELETE FROM rollup_marks
WHERE hour = ?1 AND node = ?2 AND taken = ?3
