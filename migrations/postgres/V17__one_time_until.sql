-- Until when a password that was made for somebody lets in: it is good once, and not for ever.
ALTER TABLE users ADD COLUMN one_time_until timestamptz;
-- What is changed below is everybody's.
SELECT set_config('evara.scope', 'system', true);
UPDATE users SET one_time_until = now() + interval '7 days' WHERE must_change_password;
