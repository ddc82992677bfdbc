-- Gives the transaction its number, by which its outcome can be asked for on another connection, and says
-- which checkpoint the server began from or made last: no server starts without a new one.
SELECT pg_current_xact_id()::text || '@' || checkpoint_lsn FROM pg_control_checkpoint()
