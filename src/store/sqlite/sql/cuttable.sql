-- The last seal with nothing before it that is younger than ?2, and at most ?3 rows, or the first of all,
-- however many those are; never the newest of all, on which the next one rests.
SELECT number, head_number, head_key, head_mac, at, key, mac
FROM audit_seals
WHERE chain = ?1
  AND head_number < coalesce((SELECT min(number) FROM audit WHERE chain = ?1 AND at >= ?2), 9223372036854775807)
  AND (head_number < (SELECT min(number) FROM audit WHERE chain = ?1) + ?3
       OR number = (SELECT min(number) FROM audit_seals WHERE chain = ?1))
  AND number < (SELECT max(number) FROM audit_seals WHERE chain = ?1)
ORDER BY number DESC
LIMIT 1
