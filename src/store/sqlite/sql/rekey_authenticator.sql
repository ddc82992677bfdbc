UPDATE users
-- The account is what it was: its version stays, and whoever changes it writes this anew.
SET totp = ?3
-- What was changed meanwhile stays.
WHERE id = ?1 AND totp = ?2
