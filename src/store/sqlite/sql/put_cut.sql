INSERT INTO audit_cuts (chain, number, head_number, head_key, head_mac, at, key, mac, cut_key, cut_mac)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (chain) DO UPDATE
SET number = excluded.number, head_number = excluded.head_number, head_key = excluded.head_key,
    head_mac = excluded.head_mac, at = excluded.at, key = excluded.key, mac = excluded.mac,
    cut_key = excluded.cut_key, cut_mac = excluded.cut_mac
