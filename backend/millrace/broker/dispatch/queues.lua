-- All that the broker changes in Redis, one atomic call at a time: queues.lua, taking.lua and commands.lua are one
-- script. KEYS[1] is the prefix of every key; it carries the hash tag that keeps them on one shard. ARGV: the command,
-- the present in milliseconds (empty: by Redis' own clock, so that no two hosts' clocks are compared), its arguments.
--
--   <p>:epoch             string      stands while what follows is complete; else nothing is sent or taken
--   <p>:restoring         string      who completes it
--   <p>:waiting:<q>       sorted set  delivery -> level, round, and the second since when it waits, in one number
--   <p>:rounds:<q>:<l>    hash        submitter -> its last round on a level; begins anew when nothing waits there
--   <p>:slots:<q>         set         deliveries that were taken and aren't acknowledged
--   <p>:limits:<q>        hash        version, paused, concurrency, rate, period (milliseconds)
--   <p>:starts:<q>        list        when the last starts were (milliseconds), as many as the rate limit looks back
--   <p>:held:<w>          hash        delivery -> "<score> <queue>": what is booked on a worker
--   <p>:workers           set         workers that something was ever booked on, until they are forgotten
--   <p>:wake:<q>          sorted set  one member, from when something can start until a waiter is told
--   <p>:taken             string      how many deliveries were ever taken

-- A score fills the 53 bits of a double. Who has more than MOST_ROUNDS waiting on one level is served by arrival; the
-- seconds last until 2034, and from then on nobody counts as starving.
local LEVELS, MOST_ROUNDS, MOST_SECONDS = 4, 2 ^ 23 - 1, 2 ^ 28 - 1
local ROUND = MOST_SECONDS + 1
local LEVEL = (MOST_ROUNDS + 1) * ROUND
local FIRST_SECOND = 1767225600 -- 2026-01-01, UTC
local STARVING_TURN, STARVING_SECONDS, STARVING_LOOKED_AT = 20, 600, 10

local call, prefix, command, now = redis.call, KEYS[1], ARGV[1], tonumber(ARGV[2])
if not now then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function key(name, queue)
  return prefix .. ':' .. name .. ':' .. queue
end

local function whole(number)
  return string.format('%.0f', number)
end

local function score_of(level, round, since)
  since = math.max(0, math.min(math.floor(since) - FIRST_SECOND, MOST_SECONDS))
  return whole(level * LEVEL + math.min(round, MOST_ROUNDS) * ROUND + since)
end

-- Level, round, since.
local function read_score(score)
  score = tonumber(score)
  local level = math.floor(score / LEVEL)
  local round = math.floor((score - level * LEVEL) / ROUND)
  return level, round, FIRST_SECOND + score - level * LEVEL - round * ROUND
end

-- LIMITS -------------------------------------------------------------------------------------------------------------

local function limits_of(queue)
  local paused, concurrency, rate, period =
    unpack(call('HMGET', key('limits', queue), 'paused', 'concurrency', 'rate', 'period'))
  return {
    paused = paused == '1', concurrency = tonumber(concurrency), rate = tonumber(rate), period = tonumber(period),
    started = concurrency and call('SCARD', key('slots', queue)),
  }
end

-- Nil where one more may start after the `starting` that this call has chosen; else the milliseconds until a rate limit
-- opens, or -1 until something else happens.
local function barred_for(queue, limits, starting)
  if limits.paused then return -1 end
  if limits.concurrency and limits.started + starting >= limits.concurrency then return -1 end
  if limits.rate then
    if starting >= limits.rate then return limits.period end
    local looked_back = call('LINDEX', key('starts', queue), starting - limits.rate)
    local opens = looked_back and tonumber(looked_back) + limits.period - now or 0
    if opens > 0 and tonumber(looked_back) <= now then return opens end -- a clock that was set back bars nobody
  end
end

local function note_starts(queue, limits, count)
  if limits.rate then
    for _ = 1, count do call('RPUSH', key('starts', queue), now) end
    call('LTRIM', key('starts', queue), -limits.rate, -1)
    call('PEXPIRE', key('starts', queue), limits.period)
  end
end

local function wake(queue)
  call('ZADD', key('wake', queue), 0, 'go')
end

-- Somebody must know when a rate opens, so a queue that only a rate bars is told of as well.
local function wake_if_startable(queue)
  if call('EXISTS', key('waiting', queue)) == 0 then return end
  local barred = barred_for(queue, limits_of(queue), 0)
  if not barred or barred > 0 then wake(queue) end
end

-- THE LINE -----------------------------------------------------------------------------------------------------------

-- The first that wait on a level: (delivery, score) ...
local function first_on(queue, level, count)
  return call('ZRANGEBYSCORE', key('waiting', queue), whole(level * LEVEL), '(' .. whole((level + 1) * LEVEL),
    'WITHSCORES', 'LIMIT', 0, count)
end

-- The round at the head of a level. Where nothing waits, rounds begin anew.
local function head_round(queue, level)
  local _, score = unpack(first_on(queue, level, 1))
  if score then
    local _, round = read_score(score)
    return round
  end
  call('DEL', key('rounds', queue .. ':' .. level))
  return 0
end

-- Gives out rounds on one level of a queue: a submitter's next one, and none before the round at the head.
local function rounds_on(queue, level)
  local rounds, at_head, last = key('rounds', queue .. ':' .. level), head_round(queue, level), {}
  return function(submitter)
    local before = last[submitter] or tonumber(call('HGET', rounds, submitter) or -1)
    local round = math.max(at_head, before + 1)
    return round, function()
      last[submitter] = round
      call('HSET', rounds, submitter, whole(round))
    end
  end
end

-- A delivery leaves the line without a start, and its submitter doesn't pay for it. Its score, where it waited.
local function withdraw(queue, delivery, submitter)
  local score = call('ZSCORE', key('waiting', queue), delivery)
  if not score then return end
  call('ZREM', key('waiting', queue), delivery)
  local rounds = key('rounds', queue .. ':' .. whole((read_score(score))))
  if call('HEXISTS', rounds, submitter) == 1 then call('HINCRBY', rounds, submitter, -1) end
  return score
end

-- Of the next in line on a level the one that waits longest, except for those that were chosen: since, it, its score.
local function longest_on(queue, level, chosen)
  local best_since, best, best_score
  local rows = first_on(queue, level, STARVING_LOOKED_AT)
  for i = 1, #rows, 2 do
    local _, _, since = read_score(rows[i + 1])
    if not chosen[rows[i]] and (not best_since or since < best_since) then
      best_since, best, best_score = since, rows[i], rows[i + 1]
    end
  end
  return best_since, best, best_score
end

-- (delivery, "<score> <queue>") ... are booked on a worker.
local function book(worker, bookings)
  if not bookings[1] then return end
  call('HSET', key('held', worker), unpack(bookings))
  call('SADD', prefix .. ':workers', worker)
end

-- What is booked on a worker is let go: {delivery, score} by queue. Nothing happens to what isn't booked on that worker,
-- so a late acknowledgement can't free the slot of whoever has the delivery now.
local function release(worker, deliveries)
  local released = {}
  if not deliveries[1] then return released end
  local booked = call('HMGET', key('held', worker), unpack(deliveries))
  for i, delivery in ipairs(deliveries) do
    if booked[i] then
      local score, queue = string.match(booked[i], '^(%S+) (.*)$')
      released[queue] = released[queue] or {}
      table.insert(released[queue], { delivery, score })
    end
  end
  call('HDEL', key('held', worker), unpack(deliveries))
  for queue, rows in pairs(released) do
    local slots = {}
    for i, row in ipairs(rows) do slots[i] = row[1] end
    call('SREM', key('slots', queue), unpack(slots))
  end
  return released
end
