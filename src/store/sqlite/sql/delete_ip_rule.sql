DELETE FROM ip_rules WHERE id = ?1
