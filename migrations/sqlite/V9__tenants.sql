-- The tenants: every customer has one community, every community one distributor. Nothing is orphaned: what
-- something hangs on cannot be removed. `version` counts the changes, from 1.

CREATE TABLE distributors (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    version    INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL
) STRICT;

-- What is allowed; null is without a limit.
CREATE TABLE plans (
    id                  BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name                TEXT    NOT NULL UNIQUE,
    nodes               INTEGER CHECK (nodes >= 0),
    raw_days            INTEGER CHECK (raw_days > 0),
    alarm_days          INTEGER CHECK (alarm_days > 0),
    audit_days          INTEGER CHECK (audit_days >= 365),
    requests_per_minute INTEGER CHECK (requests_per_minute > 0),
    sockets             INTEGER CHECK (sockets >= 0),
    version             INTEGER NOT NULL CHECK (version > 0),
    created_at          INTEGER NOT NULL
) STRICT;

CREATE TABLE communities (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    distributor_id BLOB    NOT NULL REFERENCES distributors (id),
    plan_id        BLOB    REFERENCES plans (id),
    region         TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    time_zone      TEXT    NOT NULL,
    version        INTEGER NOT NULL CHECK (version > 0),
    created_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX communities_of_distributor ON communities (distributor_id);
CREATE INDEX communities_of_plan ON communities (plan_id);

CREATE TABLE customers (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    community_id BLOB    NOT NULL REFERENCES communities (id),
    name         TEXT    NOT NULL,
    version      INTEGER NOT NULL CHECK (version > 0),
    created_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX customers_of_community ON customers (community_id);
CREATE INDEX nodes_of_customer ON nodes (customer_id) WHERE customer_id IS NOT NULL;

-- A table cannot be given a foreign key once it is there, and nodes may name communities from before there
-- were any: what is written from now on is held to it, what was written is left as it is.
CREATE TRIGGER nodes_begin_with_tenants BEFORE INSERT ON nodes
WHEN NEW.community_id IS NOT NULL OR NEW.spec ->> '$.customer_id' IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'the community is not there')
    WHERE NOT EXISTS (SELECT 1 FROM communities WHERE id = NEW.community_id);
    SELECT RAISE(ABORT, 'the customer is not there, or not of this community')
    WHERE NEW.spec ->> '$.customer_id' IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM customers
                      WHERE id = unhex(NEW.spec ->> '$.customer_id', '-')
                        AND community_id = NEW.community_id);
END;

CREATE TRIGGER nodes_stay_with_tenants BEFORE UPDATE ON nodes
WHEN (NEW.community_id IS NOT OLD.community_id
      OR NEW.spec ->> '$.customer_id' IS NOT OLD.spec ->> '$.customer_id')
     AND (NEW.community_id IS NOT NULL OR NEW.spec ->> '$.customer_id' IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'the community is not there')
    WHERE NOT EXISTS (SELECT 1 FROM communities WHERE id = NEW.community_id);
    SELECT RAISE(ABORT, 'the customer is not there, or not of this community')
    WHERE NEW.spec ->> '$.customer_id' IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM customers
                      WHERE id = unhex(NEW.spec ->> '$.customer_id', '-')
                        AND community_id = NEW.community_id);
END;

CREATE TRIGGER communities_stay_with_nodes BEFORE DELETE ON communities
BEGIN
    SELECT RAISE(ABORT, 'the community has nodes')
    WHERE EXISTS (SELECT 1 FROM nodes WHERE COALESCE(community_id, x'') = OLD.id);
END;

CREATE TRIGGER customers_stay_with_nodes BEFORE DELETE ON customers
BEGIN
    SELECT RAISE(ABORT, 'the customer has nodes')
    WHERE EXISTS (SELECT 1 FROM nodes WHERE customer_id = lower(
        substr(hex(OLD.id), 1, 8) || '-' || substr(hex(OLD.id), 9, 4) || '-' || substr(hex(OLD.id), 13, 4)
        || '-' || substr(hex(OLD.id), 17, 4) || '-' || substr(hex(OLD.id), 21)));
END;

CREATE TRIGGER customers_move_without_nodes BEFORE UPDATE OF community_id ON customers
WHEN NEW.community_id <> OLD.community_id
BEGIN
    SELECT RAISE(ABORT, 'the customer has nodes')
    WHERE EXISTS (SELECT 1 FROM nodes WHERE customer_id = lower(
        substr(hex(OLD.id), 1, 8) || '-' || substr(hex(OLD.id), 9, 4) || '-' || substr(hex(OLD.id), 13, 4)
        || '-' || substr(hex(OLD.id), 17, 4) || '-' || substr(hex(OLD.id), 21)));
END;

-- base: a village, on free terms: its tanks, meters and wells; a month of readings to find a fault in; an
-- episode of an alarm over a season; the pace of a person; a phone and a desk.
-- plus: a town: a quarter of readings; a year of alarms, to compare seasons; the pace of a control room.
-- pro: a district: a year of readings; three years of alarms and audit, as tenders ask for; programs.
INSERT INTO plans (id, name, nodes, raw_days, alarm_days, audit_days, requests_per_minute, sockets, version, created_at)
VALUES (x'62617365000080008000000000000001', 'base',   50,  30,   90,  365,  100,   5, 1, 1767225600000),
       (x'706c7573000080008000000000000002', 'plus',  500,  90,  365,  365,  300,  20, 1, 1767225600000),
       (x'70726f00000080008000000000000003', 'pro',  5000, 365, 1095, 1095, 1000, 100, 1, 1767225600000);
