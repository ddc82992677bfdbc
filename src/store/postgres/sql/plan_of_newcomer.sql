-- What the plan of community $1 allows, where node $2 is not in it yet. Whoever adds a node holds the community until
-- the end: of two who do at once, the second counts the node of the first.
SELECT plans.name, plans.nodes
FROM communities
JOIN plans ON plans.id = communities.plan_id
WHERE communities.id = $1
  AND plans.nodes IS NOT NULL
  AND NOT EXISTS (SELECT FROM nodes WHERE id = $2 AND community_id = $1)
FOR NO KEY UPDATE OF communities
