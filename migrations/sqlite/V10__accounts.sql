-- People who may sign in. `email` is in lower case; `role` and the tenants beside it say together how far
-- a person sees, and no pair of them is without a meaning. The ids of tenants are taken as they come, as
-- those of nodes are. `totp` is sealed.
CREATE TABLE users (
    id             BLOB    NOT NULL PRIMARY KEY,
    email          TEXT    NOT NULL UNIQUE,
    name           TEXT    NOT NULL,
    role           TEXT    NOT NULL,
    distributor_id BLOB,
    region         TEXT,
    community_id   BLOB,
    customer_id    BLOB,
    -- A PHC string of argon2id.
    password       TEXT,
    -- Whom the tokens of the Supabase project call so.
    external_id    BLOB    UNIQUE,
    totp           BLOB,
    failures       INTEGER NOT NULL CHECK (failures >= 0),
    failed_at      INTEGER,
    -- What began before is over: sessions, and tokens of others.
    valid_from     INTEGER NOT NULL,
    disabled_at    INTEGER,
    created_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL CHECK (version > 0),
    CONSTRAINT users_reach CHECK (CASE role
        WHEN 'super_admin' THEN coalesce(distributor_id, region, community_id, customer_id) IS NULL
        WHEN 'distributor' THEN distributor_id IS NOT NULL
            AND coalesce(region, community_id, customer_id) IS NULL
        WHEN 'region_admin' THEN distributor_id IS NOT NULL AND region IS NOT NULL
            AND coalesce(community_id, customer_id) IS NULL
        WHEN 'community_admin' THEN community_id IS NOT NULL
            AND coalesce(distributor_id, region, customer_id) IS NULL
        WHEN 'operator' THEN community_id IS NOT NULL
            AND coalesce(distributor_id, region, customer_id) IS NULL
        WHEN 'user' THEN coalesce(distributor_id, region, community_id) IS NULL
        ELSE 0
    END)
) STRICT;

-- Those who run the service, of whom one must stay.
CREATE INDEX users_who_run ON users (id) WHERE role = 'super_admin' AND disabled_at IS NULL;

-- A session is a family of refresh tokens, of which the newest alone is good. `family` and `refresh` are
-- the SHA-256 of the two halves of a token, which itself is nowhere.
CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    family     BLOB    NOT NULL UNIQUE CHECK (length(family) = 32),
    refresh    BLOB    NOT NULL CHECK (length(refresh) = 32),
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER,
    agent      TEXT,
    address    TEXT
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Tokens of others that were given up before they expired, by the SHA-256 of what was signed.
CREATE TABLE denied_tokens (
    digest BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    until  INTEGER NOT NULL
) STRICT;

CREATE INDEX denied_tokens_by_end ON denied_tokens (until);
