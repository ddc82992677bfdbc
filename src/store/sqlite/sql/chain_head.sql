-- With the id of what is added: as SQLite would draw it, never one that was there before.
SELECT number, key, mac,
       1 + max(coalesce((SELECT max(id) FROM audit), 0),
               coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0))
FROM audit_chains
WHERE chain = ?1
