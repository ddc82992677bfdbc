SELECT hold_shards($1, $2, $3)
