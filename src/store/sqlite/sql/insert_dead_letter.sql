INSERT INTO dead_letters (id, node, at, error, message)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO NOTHING
