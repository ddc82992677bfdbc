SELECT before
FROM sealed
