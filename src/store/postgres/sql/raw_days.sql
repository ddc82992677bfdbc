-- For how many days the plan that keeps raw readings longest keeps them: null for ever, 30 without plans.
-- A month holds readings of all communities, and goes when nobody's plan holds it any more.
SELECT CASE WHEN bool_or(raw_days IS NULL) THEN NULL ELSE COALESCE(max(raw_days), 30) END
FROM plans
