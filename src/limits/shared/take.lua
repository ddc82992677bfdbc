-- Takes one request from an account: the same decision as `take` of gcra.rs, which a law holds it to.
-- KEYS[1] the account; ARGV[1] how long one request takes to come back, and ARGV[2] all of them, in
-- microseconds; ARGV[3] what time it is, where a law says so. Answers how far ahead of now the account
-- was level before. Integers up to 2^53 are exact, which microseconds since 1970 are until 2255.
local interval, window, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local level = tonumber(redis.call('GET', KEYS[1]) or 0)
level = math.min(math.max(level, now), now + window)
local ahead = level - now
if ahead + interval <= window then
  level = level + interval
end
-- Nothing is ahead by more than a window: an account that nobody touched for one is as good as none.
redis.call('SET', KEYS[1], string.format('%.0f', level), 'PX', math.ceil(window / 1000))
return ahead
