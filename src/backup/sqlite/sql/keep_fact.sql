INSERT INTO store_facts (name, value)
VALUES (:name, CAST(:value AS BLOB))
ON CONFLICT (name) DO UPDATE SET value = excluded.value
