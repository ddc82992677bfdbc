-- Whether something of a node that begins before ?2 is not rolled up yet.
SELECT EXISTS (SELECT 1 FROM rollup_marks WHERE node = ?1 AND hour < ?2)
    OR EXISTS (SELECT 1 FROM rollup_days_due WHERE node = ?1 AND at < ?2)
