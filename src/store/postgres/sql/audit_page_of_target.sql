-- `audit_page` of one target.
SELECT chain, number, key, mac, at, actor_kind, actor, session, address, correlation, action, target,
       outcome, before, after, id
FROM audit
WHERE target = $4::text
  AND id < coalesce($2::bigint, 9223372036854775807)
  AND ($1::uuid[] IS NULL OR chain = ANY ($1))
  AND ($3::uuid IS NULL OR actor = $3)
  AND ($5::text IS NULL OR action = $5)
  AND ($6::text IS NULL OR outcome = $6)
  AND ($7::timestamptz IS NULL OR at >= $7)
  AND ($8::timestamptz IS NULL OR at < $8)
ORDER BY id DESC
LIMIT $9
