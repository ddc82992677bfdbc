-- A node that is added again, as from a backup, brings its twin back.
DELETE FROM removed_nodes WHERE id = $1
