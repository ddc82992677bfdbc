-- `audit_page` of one action.
SELECT chain, number, key, mac, at, actor_kind, actor, session, address, correlation, action, target,
       outcome, before, after, id
FROM audit
WHERE action = ?5
  AND id < coalesce(?2, 9223372036854775807)
  AND (?1 IS NULL OR hex(chain) IN (SELECT value FROM json_each(?1)))
  AND (?3 IS NULL OR actor = ?3)
  AND (?4 IS NULL OR target = ?4)
  AND (?6 IS NULL OR outcome = ?6)
  AND (?7 IS NULL OR at >= ?7)
  AND (?8 IS NULL OR at < ?8)
ORDER BY id DESC
LIMIT ?9
