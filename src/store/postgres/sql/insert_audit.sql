INSERT INTO audit (chain, number, key, mac, at, actor_kind, actor, session, address, correlation, action,
                   target, outcome, before, after, id)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
