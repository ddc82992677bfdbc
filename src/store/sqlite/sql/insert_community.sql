INSERT INTO communities (id, distributor_id, plan_id, region, name, time_zone, version, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
