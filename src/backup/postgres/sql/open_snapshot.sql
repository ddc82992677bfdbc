BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
-- Rows that this role may not see must be an error, and not be missing.
SET LOCAL row_security = off;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL statement_timeout = 0;
SELECT pg_export_snapshot();
