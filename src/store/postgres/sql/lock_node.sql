-- Who adds a key to a node waits for whoever does so already, or they would count past the limit.
SELECT true FROM nodes WHERE id = $1 FOR UPDATE
