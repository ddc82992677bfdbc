-- At most $2 alarms that were over for longer, at $1, than the plan of their community keeps them; ninety
-- days without one. The first bound finds them by their index.
DELETE FROM alarms WHERE id IN (
    SELECT alarms.id
    FROM alarms
    LEFT JOIN nodes ON nodes.id = alarms.node
    LEFT JOIN communities ON communities.id = nodes.community_id
    LEFT JOIN plans ON plans.id = communities.plan_id
    WHERE cleared_at < $1::timestamptz - make_interval(days => (SELECT least(90, min(alarm_days)) FROM plans))
      AND cleared_at < $1::timestamptz - make_interval(
          days => CASE WHEN plans.id IS NULL THEN 90 ELSE plans.alarm_days END)
    LIMIT $2
)
RETURNING true
