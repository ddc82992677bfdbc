SELECT value FROM store_facts WHERE name = $1
