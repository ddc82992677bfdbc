-- Whether this follows the database $1, whether it has come as far as $2, and how far it is behind that: in
-- bytes, and in milliseconds since it was as its primary is.
SELECT system_identifier || '/' || pg_database.oid = $1 AND pg_is_in_recovery(),
       behind <= 0,
       greatest(behind, 0)::bigint,
       CASE WHEN behind > 0 THEN
           greatest(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000, 0)::bigint
       END
FROM pg_control_system(), pg_database,
     LATERAL (SELECT $2::text::pg_lsn - pg_last_wal_replay_lsn() AS behind) AS place
WHERE datname = current_database()
