-- Whoever is to have node ?1 in community ?2 from now on did not give its keys to anybody.
DELETE FROM device_keys
WHERE node = ?1 AND NOT EXISTS (SELECT 1 FROM nodes WHERE id = ?1 AND community_id IS ?2)
