-- From here on, the source of a pushed sample in the telemetry tables has 25 bytes: 1, uuid, and the
-- digest (big-endian) of what is said, since a pusher may speak of one instant in several pieces.

-- `digest` is the SHA-256 of the key, which itself is nowhere.
CREATE TABLE device_keys (
    id           uuid        PRIMARY KEY,
    node         uuid        NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    name         text,
    digest       bytea       NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz
);

CREATE INDEX device_keys_by_node ON device_keys (node, id);

-- What came of a request that bore an idempotency key. `request` is the SHA-256 of it. `answer` is
-- sealed, and null while it is not known what came of it.
CREATE TABLE receipts (
    caller   uuid        NOT NULL,
    name     text        NOT NULL,
    request  bytea       NOT NULL CHECK (length(request) = 32),
    begun_at timestamptz NOT NULL,
    answer   bytea,
    PRIMARY KEY (caller, name)
);

CREATE INDEX receipts_by_age ON receipts (begun_at);

SELECT guard_rows('device_keys', 'EXISTS (SELECT FROM nodes WHERE id = node)');
SELECT guard_rows('receipts', 'false');
