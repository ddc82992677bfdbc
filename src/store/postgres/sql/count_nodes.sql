SELECT count(*) FROM nodes WHERE community_id = $1
