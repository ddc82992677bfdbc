-- A server that crashed may give a number out again: what it says of one from before is not believed.
SELECT CASE
    WHEN status = 'committed' AND checkpoint_lsn::text <> split_part($1, '@', 2) THEN 'perhaps committed'
    ELSE status
END
FROM pg_xact_status(split_part($1, '@', 1)::xid8) AS status, pg_control_checkpoint()
