-- `audit_page` of some chains: the newest entries of each, and of those the newest.
SELECT found.*
FROM (SELECT DISTINCT name FROM unnest($1::uuid[]) AS given (name)) AS wanted
CROSS JOIN LATERAL (
    SELECT chain, number, key, mac, at, actor_kind, actor, session, address, correlation, action, target,
           outcome, before, after, id
    FROM audit
    WHERE chain = wanted.name
      AND id < coalesce($2::bigint, 9223372036854775807)
      AND ($3::uuid IS NULL OR actor = $3)
      AND ($4::text IS NULL OR target = $4)
      AND ($5::text IS NULL OR action = $5)
      AND ($6::text IS NULL OR outcome = $6)
      AND ($7::timestamptz IS NULL OR at >= $7)
      AND ($8::timestamptz IS NULL OR at < $8)
    ORDER BY id DESC
    LIMIT $9
) AS found
ORDER BY found.id DESC
LIMIT $9
