-- From where the service may be reached: networks that are let in, or kept out. Nobody's but the service's.
CREATE TABLE ip_rules (
    id         uuid        NOT NULL PRIMARY KEY,
    network    text        NOT NULL,
    action     text        NOT NULL CHECK (action IN ('allow', 'deny')),
    note       text,
    created_at timestamptz NOT NULL,
    UNIQUE (network, action)
);

SELECT guard_rows('ip_rules', 'false');
