-- What begins in any of several spans.
DELETE FROM rollup_days
USING unnest($2::timestamptz[], $3::timestamptz[]) AS span (first, next)
WHERE node = $1 AND at >= span.first AND at < span.next
