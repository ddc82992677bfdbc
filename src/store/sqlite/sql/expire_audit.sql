DELETE FROM audit
WHERE chain = ?1 AND number <= (SELECT head_number FROM audit_cuts WHERE chain = ?1)
