DELETE FROM denied_tokens
WHERE digest IN (SELECT digest FROM denied_tokens WHERE until < ?1 ORDER BY until LIMIT ?2)
RETURNING digest
