-- Who changes a node or adds a key to it waits for whoever does so already: keys would be counted past the limit, or be
-- left behind by a move that does not see them yet.
SELECT version, community_id FROM nodes WHERE id = $1 FOR NO KEY UPDATE
