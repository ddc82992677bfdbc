INSERT INTO rollup_rules (node, zone, terms, since)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (node) DO UPDATE
SET zone = excluded.zone,
    terms = excluded.terms,
    since = excluded.since
