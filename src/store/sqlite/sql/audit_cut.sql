SELECT number, head_number, head_key, head_mac, at, key, mac, cut_key, cut_mac
FROM audit_cuts
WHERE chain = ?1
