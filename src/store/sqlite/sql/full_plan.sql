-- The plan that leaves no room in community ?1 for node ?2, where that is not in it yet.
SELECT plans.name, plans.nodes
FROM communities
JOIN plans ON plans.id = communities.plan_id
WHERE communities.id = ?1
  AND plans.nodes <= (SELECT count(*) FROM nodes WHERE COALESCE(community_id, x'') = ?1)
  AND NOT EXISTS (SELECT 1 FROM nodes WHERE id = ?2 AND community_id = ?1)
