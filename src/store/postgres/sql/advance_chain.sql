UPDATE audit_chains
SET number = $2, key = $3, mac = $4
WHERE chain = $1
