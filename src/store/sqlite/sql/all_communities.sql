SELECT id, distributor_id, plan_id, region, name, time_zone, version, created_at
FROM communities
ORDER BY id
