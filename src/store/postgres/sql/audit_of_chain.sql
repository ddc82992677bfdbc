-- In the order in which they are bound.
SELECT chain, number, key, mac, at, actor_kind, actor, session, address, correlation, action, target,
       outcome, before, after, id
FROM audit
WHERE chain = $1 AND number > $2
ORDER BY number
LIMIT $3
