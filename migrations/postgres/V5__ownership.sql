-- Who may write which shard. Whoever claims them raises their epochs; whoever writes holds the rows of its
-- shards FOR SHARE until its transaction ends. So a claim waits for those that are about to commit, and
-- those that come after it find that their epoch is over. Rows are changed in place: half a page is free.
CREATE TABLE shard_owners (
    shard    int         NOT NULL PRIMARY KEY,
    owner    uuid,
    epoch    bigint      NOT NULL,
    taken_at timestamptz
) WITH (fillfactor = 50);

INSERT INTO shard_owners (shard, epoch)
SELECT shard, 0
FROM generate_series(0, 1023) AS shard;

-- Holds the rows of shards that must be ours until the transaction ends, and raises EV001 where one is
-- not. It raises, since a statement behind it may have been sent already, and must come to nothing.
-- In one order, so that nobody waits for one who waits for it.
CREATE FUNCTION hold_shards(wanted int[], claimant uuid, claimed bigint) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    held int;
BEGIN
    PERFORM shard
    FROM shard_owners
    WHERE shard = ANY (wanted) AND owner = claimant AND epoch = claimed
    ORDER BY shard
    FOR SHARE;
    GET DIAGNOSTICS held = ROW_COUNT;
    IF held < cardinality(wanted) THEN
        RAISE EXCEPTION 'another process owns what this one writes' USING ERRCODE = 'EV001';
    END IF;
END
$$;

-- A second guard, which needs no lock: neither a twin nor an epoch ever goes back, whoever says so.
CREATE FUNCTION refuse_to_go_back() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % would go back', TG_TABLE_NAME USING ERRCODE = 'EV002';
END
$$;

CREATE TRIGGER twin_snapshots_never_go_back
BEFORE UPDATE ON twin_snapshots
FOR EACH ROW WHEN (new.revision < old.revision OR new.epoch < old.epoch)
EXECUTE FUNCTION refuse_to_go_back();

CREATE TRIGGER shard_owners_never_go_back
BEFORE UPDATE ON shard_owners
FOR EACH ROW WHEN (new.epoch <= old.epoch)
EXECUTE FUNCTION refuse_to_go_back();

SELECT guard_rows('shard_owners', 'false');
