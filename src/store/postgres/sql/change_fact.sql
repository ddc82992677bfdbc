UPDATE store_facts SET value = $2 WHERE name = $1
