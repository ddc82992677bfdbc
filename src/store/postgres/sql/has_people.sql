-- Whether somebody's reach is named by this tenant. Few people, and seldom asked: no index is worth its writes.
SELECT EXISTS (SELECT 1 FROM users WHERE distributor_id = $1 OR community_id = $1 OR customer_id = $1)
