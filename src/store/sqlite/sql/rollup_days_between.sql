-- What begins in a span, by its beginning; of the metrics in the JSON array ?4, or of all where it is null.
SELECT metric, at, until, count, sum, min, max, first_at, first, last_at, last, passed, refused
FROM rollup_days
WHERE node = ?1 AND at >= ?2 AND at < ?3
  AND (?4 IS NULL OR metric IN (SELECT value FROM json_each(?4)))
ORDER BY at, metric
