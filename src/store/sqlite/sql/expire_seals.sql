DELETE FROM audit_seals
WHERE chain = ?1 AND number <= (SELECT number FROM audit_cuts WHERE chain = ?1)
