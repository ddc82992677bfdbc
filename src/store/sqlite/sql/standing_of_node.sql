SELECT version, community_id FROM nodes WHERE id = ?1
