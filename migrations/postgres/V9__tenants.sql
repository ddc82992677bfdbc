-- What is read and changed below is every community's.
SELECT set_config('evara.scope', 'system', true);

-- `version` counts the changes, from 1.
ALTER TABLE distributors ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version > 0);
ALTER TABLE customers ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version > 0);
ALTER TABLE communities
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    ALTER COLUMN distributor_id SET NOT NULL;
CREATE INDEX communities_of_plan ON communities (plan_id);

-- What is allowed; null is without a limit.
ALTER TABLE plans
    ADD COLUMN nodes               int    CHECK (nodes >= 0),
    ADD COLUMN requests_per_minute int    CHECK (requests_per_minute > 0),
    ADD COLUMN sockets             int    CHECK (sockets >= 0),
    ADD COLUMN version             bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    ADD COLUMN created_at          timestamptz NOT NULL DEFAULT now(),
    ADD CHECK (audit_days >= 365);

-- base: a village, on free terms: its tanks, meters and wells; a month of readings to find a fault in; an
-- episode of an alarm over a season; the pace of a person; a phone and a desk.
-- plus: a town: a quarter of readings; a year of alarms, to compare seasons; the pace of a control room.
-- pro: a district: a year of readings; three years of alarms and audit, as tenders ask for; programs.
INSERT INTO plans (id, name, nodes, raw_days, alarm_days, audit_days, requests_per_minute, sockets, created_at)
VALUES ('62617365-0000-8000-8000-000000000001', 'base',   50,  30,   90,  365,  100,   5, '2026-01-01 00:00:00+00'),
       ('706c7573-0000-8000-8000-000000000002', 'plus',  500,  90,  365,  365,  300,  20, '2026-01-01 00:00:00+00'),
       ('70726f00-0000-8000-8000-000000000003', 'pro',  5000, 365, 1095, 1095, 1000, 100, '2026-01-01 00:00:00+00');

-- A node hangs on its tenants: neither goes, nor does a customer move, while it does. A node of a customer is
-- of that customer's community, whoever writes it.
ALTER TABLE customers ADD CONSTRAINT customers_in_community UNIQUE (id, community_id);
ALTER TABLE nodes DROP COLUMN customer_id;
ALTER TABLE nodes
    ADD COLUMN customer_id uuid GENERATED ALWAYS AS ((spec ->> 'customer_id')::uuid) STORED,
    ADD CONSTRAINT nodes_of_community FOREIGN KEY (community_id) REFERENCES communities (id),
    ADD CONSTRAINT nodes_of_customer FOREIGN KEY (customer_id, community_id)
        REFERENCES customers (id, community_id),
    ADD CONSTRAINT nodes_of_customer_in_community
        CHECK (customer_id IS NULL OR community_id IS NOT NULL);
CREATE INDEX nodes_by_customer ON nodes (customer_id, community_id) WHERE customer_id IS NOT NULL;

-- In whose name a transaction speaks, by `SET LOCAL evara.scope`:
--   system                          the service's own work: everything
--   distributor:<uuid>              a distributor and what is below
--   region:<uuid>:<name>            a distributor's communities in one region
--   community:<uuid>                a community and what is below
--   customer:<uuid>                 a customer and their nodes
-- Whoever says nothing, or anything else, sees nothing. What the scope would be called that a thing at this
-- place is seen by is made and compared, so that no text can be taken for more than it says.
CREATE FUNCTION is_seen(distributor uuid, region text, community uuid, customer uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT COALESCE(current_setting('evara.scope', true) IN (
        'system',
        'distributor:' || distributor::text,
        'region:' || distributor::text || ':' || CASE WHEN community IS NOT NULL THEN region END,
        'community:' || community::text,
        'customer:' || customer::text
    ), false)
$$;

-- What stands nowhere, only the service itself sees.
CREATE OR REPLACE FUNCTION is_system() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT is_seen(NULL, NULL, NULL, NULL)
$$;

-- A community that the scope does not reach has no row here, and gives no distributor and no region: a
-- scope that needs one of these reaches the community itself.
CREATE FUNCTION is_seen_in(community uuid, customer uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT is_seen(
        (SELECT distributor_id FROM communities WHERE id = community),
        (SELECT region FROM communities WHERE id = community),
        community,
        customer
    )
$$;

DO $$
DECLARE
    guarded text;
BEGIN
    FOREACH guarded IN ARRAY ARRAY['communities', 'customers', 'nodes', 'audit'] LOOP
        EXECUTE format('DROP POLICY scope ON %I', guarded);
    END LOOP;
END
$$;
DROP FUNCTION scope_community();

SELECT guard_rows('distributors', 'is_seen(id, NULL, NULL, NULL)');
SELECT guard_rows('communities', 'is_seen(distributor_id, region, id, NULL)');
SELECT guard_rows('customers', 'is_seen_in(community_id, id)');
SELECT guard_rows('nodes', 'is_seen_in(community_id, customer_id)');
SELECT guard_rows('audit', 'is_seen_in(community_id, NULL)');
SELECT guard_rows('plans', 'false');
