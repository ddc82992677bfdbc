INSERT INTO denied_tokens (digest, until)
VALUES ($1, $2)
ON CONFLICT (digest) DO NOTHING
