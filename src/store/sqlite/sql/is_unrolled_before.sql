-- Whether something that begins before ?1 is not rolled up yet.
SELECT EXISTS (SELECT 1 FROM rollup_marks WHERE hour < ?1)
    OR EXISTS (SELECT 1 FROM rollup_days_due WHERE at < ?1)
