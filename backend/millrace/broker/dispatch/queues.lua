-- All that the broker changes in Redis, one atomic call at a time: queues.lua, taking.lua and commands.lua are one
-- script. KEYS[1] is the prefix of every key; it carries the hash tag that keeps them on one shard. ARGV: the command,
-- the present in milliseconds (empty: by Redis' own clock, so that no two hosts' clocks are compared), its arguments.
--
--   <p>:epoch             string      stands while what follows is complete; without it nothing is taken
--   <p>:restoring         string      who completes it
--   <p>:waiting:<q>       sorted set  delivery -> level * 2^48 + round; ties fall by id, which is by arrival
--   <p>:rounds:<q>:<l>    hash        submitter -> its last round on a level; gone once nothing waits there
--   <p>:arrivals:<q>      list        "<milliseconds> <delivery>" as they came; names of what has left are skipped
--   <p>:slots:<q>         set         deliveries that were taken and aren't acknowledged
--   <p>:limits:<q>        hash        version, paused, concurrency, rate, period (milliseconds)
--   <p>:starts:<q>        list        when the last starts were (milliseconds), as many as the rate limit looks back
--   <p>:held:<w>          hash        delivery -> "<score> <queue>": what is booked on a worker
--   <p>:workers           set         workers that something was ever booked on, until they are forgotten
--   <p>:wake:<q>          sorted set  one member, from when something can start until a waiter is told
--   <p>:taken             string      how many deliveries were ever taken

local LEVELS, LEVEL = 4, 2 ^ 48
local STARVING_TURN, STARVING_MILLISECONDS = 20, 600000
local ARRIVALS_LOOKED_AT = 100

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
    if opens > 0 then return opens end
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

local function wake_if_startable(queue)
  if call('EXISTS', key('waiting', queue)) == 1 and not barred_for(queue, limits_of(queue), 0) then wake(queue) end
end

-- THE LINE -----------------------------------------------------------------------------------------------------------

-- Gives out scores on one level of a queue: a submitter's next round, and none before the round at the head.
local function scorer(queue, level)
  local floor, rounds = level * LEVEL, key('rounds', queue .. ':' .. level)
  local head = call('ZRANGEBYSCORE', key('waiting', queue), whole(floor), '(' .. whole(floor + LEVEL),
    'WITHSCORES', 'LIMIT', 0, 1)
  if not head[1] then call('DEL', rounds) end
  local at_head, last = head[2] and tonumber(head[2]) - floor or 0, {}
  return function(submitter)
    local before = last[submitter] or tonumber(call('HGET', rounds, submitter) or -1)
    local round = math.max(at_head, before + 1)
    return whole(floor + round), function()
      last[submitter] = round
      call('HSET', rounds, submitter, whole(round))
    end
  end
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

-- Since when the delivery waits that has waited longest, except for those that were chosen; it; its score.
local function longest_waiting(queue, chosen)
  local arrivals = key('arrivals', queue)
  for at, entry in ipairs(call('LRANGE', arrivals, 0, ARRIVALS_LOOKED_AT - 1)) do
    local since, delivery = string.match(entry, '^(%d+) (.*)$')
    local score = not chosen[delivery] and call('ZSCORE', key('waiting', queue), delivery)
    if score then
      if at > 1 then call('LTRIM', arrivals, at - 1, -1) end
      return tonumber(since), delivery, score
    end
  end
  call('LTRIM', arrivals, ARRIVALS_LOOKED_AT, -1)
end
