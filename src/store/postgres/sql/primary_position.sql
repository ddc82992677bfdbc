-- Which database this is, wherever there are copies of it, and how far its log is kept: what was committed
-- before the question is before that. Where commits are not waited for, all that is written counts.
SELECT system_identifier || '/' || pg_database.oid,
       CASE current_setting('synchronous_commit')
           WHEN 'off' THEN pg_current_wal_insert_lsn()
           ELSE pg_current_wal_flush_lsn()
       END::text
FROM pg_control_system(), pg_database
WHERE datname = current_database()
