-- Not while something that begins before it is not rolled up. Tells whether it is sealed.
WITH done AS (
    INSERT INTO sealed (one, before)
    SELECT true, $1
    WHERE NOT EXISTS (SELECT 1 FROM rollup_marks WHERE hour < $1)
      AND NOT EXISTS (SELECT 1 FROM rollup_days_due WHERE at < $1)
    ON CONFLICT (one) DO UPDATE
    SET before = greatest(sealed.before, excluded.before)
    RETURNING one
)
SELECT EXISTS (SELECT 1 FROM done)
