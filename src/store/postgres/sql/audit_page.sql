-- Newest first. What is null asks for nothing in particular; what would be asked by an index has a statement of its own.
SELECT chain, number, key, mac, at, actor_kind, actor, session, address, correlation, action, target,
       outcome, before, after, id
FROM audit
WHERE id < coalesce($2::bigint, 9223372036854775807)
  AND ($1::uuid[] IS NULL OR chain = ANY ($1))
  AND ($3::uuid IS NULL OR actor = $3)
  AND ($4::text IS NULL OR target = $4)
  AND ($5::text IS NULL OR action = $5)
  AND ($6::text IS NULL OR outcome = $6)
  AND ($7::timestamptz IS NULL OR at >= $7)
  AND ($8::timestamptz IS NULL OR at < $8)
ORDER BY id DESC
LIMIT $9
