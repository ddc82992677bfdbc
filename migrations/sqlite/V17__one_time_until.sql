-- Until when a password that was made for somebody lets in: it is good once, and not for ever.
ALTER TABLE users ADD COLUMN one_time_until INTEGER;
UPDATE users SET one_time_until = (unixepoch() + 7 * 24 * 3600) * 1000 WHERE must_change_password;
