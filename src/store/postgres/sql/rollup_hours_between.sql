-- What begins in a span, by its beginning; of the metrics in $4, or of all where it is null.
SELECT metric, at, until, count, sum, min, max, first_at, first, last_at, last, passed, refused
FROM rollup_hours
WHERE node = $1 AND at >= $2 AND at < $3
  AND ($4::text[] IS NULL OR metric = ANY ($4))
ORDER BY at, metric
