INSERT INTO distributors (id, name, version, created_at)
VALUES ($1, $2, $3, $4)
