INSERT INTO rollup_days
    (node, at, metric, until, count, sum, min, max, first_at, first, last_at, last, passed, refused)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
