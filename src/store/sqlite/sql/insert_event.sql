INSERT INTO twin_events (node, revision, at, change)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (node, revision) DO NOTHING
