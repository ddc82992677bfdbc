SELECT value FROM store_facts WHERE name = $1
-- Of two that would change it, the second one sees what the first one made of it.
FOR UPDATE
