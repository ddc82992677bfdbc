-- People who may sign in. `email` is in lower case; `role` and the tenants beside it say together how far
-- a person sees, and no pair of them is without a meaning. The ids of tenants are taken as they come, as
-- those of nodes are. `totp` is sealed.
CREATE TABLE users (
    id             uuid        NOT NULL PRIMARY KEY,
    email          text        NOT NULL,
    name           text        NOT NULL,
    role           text        NOT NULL,
    distributor_id uuid,
    region         text,
    community_id   uuid,
    customer_id    uuid,
    -- A PHC string of argon2id.
    password       text,
    -- Whom the tokens of the Supabase project call so.
    external_id    uuid,
    totp           bytea,
    failures       bigint      NOT NULL CHECK (failures >= 0),
    failed_at      timestamptz,
    -- What began before is over: sessions, and tokens of others.
    valid_from     timestamptz NOT NULL,
    disabled_at    timestamptz,
    created_at     timestamptz NOT NULL,
    version        bigint      NOT NULL CHECK (version > 0),
    CONSTRAINT users_by_email UNIQUE (email),
    CONSTRAINT users_by_external_id UNIQUE (external_id),
    CONSTRAINT users_reach CHECK (CASE role
        WHEN 'super_admin' THEN num_nonnulls(distributor_id, region, community_id, customer_id) = 0
        WHEN 'distributor' THEN distributor_id IS NOT NULL
            AND num_nonnulls(region, community_id, customer_id) = 0
        WHEN 'region_admin' THEN num_nulls(distributor_id, region) = 0
            AND num_nonnulls(community_id, customer_id) = 0
        WHEN 'community_admin' THEN community_id IS NOT NULL
            AND num_nonnulls(distributor_id, region, customer_id) = 0
        WHEN 'operator' THEN community_id IS NOT NULL
            AND num_nonnulls(distributor_id, region, customer_id) = 0
        WHEN 'user' THEN num_nonnulls(distributor_id, region, community_id) = 0
        ELSE false
    END)
);

-- Those who run the service, of whom one must stay.
CREATE INDEX users_who_run ON users (id) WHERE role = 'super_admin' AND disabled_at IS NULL;

-- A session is a family of refresh tokens, of which the newest alone is good. `family` and `refresh` are
-- the SHA-256 of the two halves of a token, which itself is nowhere.
CREATE TABLE sessions (
    id         uuid        NOT NULL PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    family     bytea       NOT NULL UNIQUE CHECK (length(family) = 32),
    refresh    bytea       NOT NULL CHECK (length(refresh) = 32),
    created_at timestamptz NOT NULL,
    used_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    agent      text,
    address    text
);

CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Tokens of others that were given up before they expired, by the SHA-256 of what was signed.
CREATE TABLE denied_tokens (
    digest bytea       NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    until  timestamptz NOT NULL
);

CREATE INDEX denied_tokens_by_end ON denied_tokens (until);

SELECT guard_rows(guarded::regclass, 'false')
FROM unnest(ARRAY['users', 'sessions', 'denied_tokens']) AS guarded;
