-- What keeps this server from keeping what it said that it kept.
SELECT name
FROM unnest(ARRAY['fsync', 'full_page_writes', 'synchronous_commit']) AS name
WHERE current_setting(name) = 'off'
ORDER BY name
