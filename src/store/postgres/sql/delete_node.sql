-- Its read key goes with it.
DELETE FROM nodes WHERE id = $1
RETURNING id
