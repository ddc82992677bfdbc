SELECT number, head_number, head_key, head_mac, at, key, mac
FROM audit_seals
WHERE chain = $1
ORDER BY number
