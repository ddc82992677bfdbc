-- For how many days each community that has a plan keeps raw readings; null for ever.
SELECT communities.id, plans.raw_days
FROM communities
JOIN plans ON plans.id = communities.plan_id
