-- All that the broker changes in Redis, one atomic call at a time. KEYS[1] is the prefix of every key; it carries the
-- hash tag that keeps them on one shard. ARGV: the command, the present in milliseconds (empty: by Redis' own clock, so
-- that no two hosts' clocks are compared), the command's own arguments.
--
--   <p>:epoch             string      stands while what follows is complete; without it nothing is taken
--   <p>:waiting:<q>       sorted set  delivery -> level * 2^48 + round; ties fall by id, which is by arrival
--   <p>:rounds:<q>:<l>    hash        submitter -> its last round on a level; gone once nothing waits there
--   <p>:arrivals:<q>      list        "<milliseconds> <delivery>" as they came; names of what has left are skipped
--   <p>:slots:<q>         set         deliveries that were taken and aren't acknowledged
--   <p>:limits:<q>        hash        version, paused, concurrency, rate, period (milliseconds)
--   <p>:starts:<q>        list        when the last starts were (milliseconds), as many as the rate limit looks back
--   <p>:held:<w>          hash        delivery -> "<score> <queue>": what is booked on a worker
--   <p>:wake:<q>          sorted set  one member, from when something can start until a waiter is told
--   <p>:taken             string      how many deliveries were ever taken

local LEVEL = 2 ^ 48
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
  }
end

-- Nil where something may start; else the milliseconds until a rate limit opens, or -1 until something else happens.
local function barred_for(queue, limits)
  if limits.paused then return -1 end
  if limits.concurrency and call('SCARD', key('slots', queue)) >= limits.concurrency then return -1 end
  if limits.rate then
    local looked_back = call('LINDEX', key('starts', queue), -limits.rate)
    local opens = looked_back and tonumber(looked_back) + limits.period - now or 0
    if opens > 0 then return opens end
  end
end

local function note_start(queue, limits)
  if limits.rate then
    call('RPUSH', key('starts', queue), now)
    call('LTRIM', key('starts', queue), -limits.rate, -1)
    call('PEXPIRE', key('starts', queue), limits.period)
  end
end

local function wake_if_startable(queue)
  if call('EXISTS', key('waiting', queue)) == 1 and not barred_for(queue, limits_of(queue)) then
    call('ZADD', key('wake', queue), 0, 'go')
  end
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

-- What is booked on a worker is let go: its queue and score. Nothing happens where it isn't booked on that worker, so a
-- late acknowledgement can't free the slot of whoever has the delivery now.
local function release(worker, delivery)
  local booked = call('HGET', key('held', worker), delivery)
  if not booked then return end
  local score, queue = string.match(booked, '^(%S+) (.*)$')
  call('HDEL', key('held', worker), delivery)
  call('SREM', key('slots', queue), delivery)
  return queue, score
end

-- The delivery that has waited longest, and since when.
local function longest_waiting(queue)
  for _ = 1, ARRIVALS_LOOKED_AT do
    local first = call('LINDEX', key('arrivals', queue), 0)
    if not first then return end
    local since, delivery = string.match(first, '^(%d+) (.*)$')
    if call('ZSCORE', key('waiting', queue), delivery) then return delivery, tonumber(since) end
    call('LPOP', key('arrivals', queue))
  end
end

-- TAKING -------------------------------------------------------------------------------------------------------------

-- The heads of some queues, as far as their limits let them start.
local function heads_of(queues)
  local heads, opens = {}, nil
  local function look(head)
    local first = call('ZRANGE', key('waiting', head.queue), 0, 0, 'WITHSCORES')
    local barred = first[1] and barred_for(head.queue, head.limits)
    head.delivery = not barred and first[1] or nil
    head.level = head.delivery and math.floor(tonumber(first[2]) / LEVEL)
    if barred and barred > 0 then opens = math.min(opens or barred, barred) end
  end
  for i, queue in ipairs(queues) do
    heads[i] = { queue = queue, limits = limits_of(queue) }
    look(heads[i])
  end
  return heads, look, function() return opens or -1 end
end

-- Who waits longest over all queues, once that is too long.
local function starving(heads)
  local chosen, longest, since
  for _, head in ipairs(heads) do
    if head.delivery then
      local delivery, at = longest_waiting(head.queue)
      if delivery and now - at > STARVING_MILLISECONDS and (not since or at < since) then
        chosen, longest, since = head, delivery, at
      end
    end
  end
  return chosen, longest
end

-- The head on the highest level; among equals the queues take turns.
local function foremost(heads, turn)
  local chosen
  for i = 1, #heads do
    local head = heads[(turn + i) % #heads + 1]
    if head.delivery and (not chosen or head.level < chosen.level) then chosen = head end
  end
  return chosen, chosen and chosen.delivery
end

local function take(worker, head, delivery)
  local score = call('ZSCORE', key('waiting', head.queue), delivery)
  call('ZREM', key('waiting', head.queue), delivery)
  call('SADD', key('slots', head.queue), delivery)
  call('HSET', key('held', worker), delivery, score .. ' ' .. head.queue)
  note_start(head.queue, head.limits)
end

-- COMMANDS -----------------------------------------------------------------------------------------------------------

local commands = {}

-- queue, (delivery, level, submitter) ... -> how many are new in line; what waits already keeps its place
function commands.enqueue(queue, ...)
  local rows, scorers, arrived = { ... }, {}, {}
  for i = 1, #rows, 3 do
    local delivery, level, submitter = rows[i], rows[i + 1], rows[i + 2]
    local job, attempt = string.match(delivery, '^(.*):(%d+)$')
    if attempt ~= '1' then call('ZREM', key('waiting', queue), job .. ':' .. whole(tonumber(attempt) - 1)) end
    scorers[level] = scorers[level] or scorer(queue, tonumber(level))
    local score, keep_round = scorers[level](submitter)
    if call('ZADD', key('waiting', queue), 'NX', score, delivery) == 1 then
      keep_round()
      arrived[#arrived + 1] = now .. ' ' .. delivery
    end
  end
  if #arrived > 0 then
    call('RPUSH', key('arrivals', queue), unpack(arrived))
    wake_if_startable(queue)
  end
  return #arrived
end

-- queue, delivery ... -> how many left the line
function commands.remove(queue, ...)
  return call('ZREM', key('waiting', queue), ...)
end

-- queue, delivery, level, submitter -> 1 where it waited, and now stands behind its submitter's others on that level
function commands.rescore(queue, delivery, level, submitter)
  if call('ZREM', key('waiting', queue), delivery) == 0 then return 0 end
  local score, keep_round = scorer(queue, tonumber(level))(submitter)
  keep_round()
  return call('ZADD', key('waiting', queue), score, delivery)
end

-- queue, version, paused (0 or 1), concurrency or '', rate or '', period or ''; an older version changes nothing
function commands.limit(queue, version, paused, concurrency, rate, period)
  if tonumber(call('HGET', key('limits', queue), 'version') or 0) > tonumber(version) then return end
  call('DEL', key('limits', queue))
  call('HSET', key('limits', queue), 'version', version, 'paused', paused)
  if concurrency ~= '' then call('HSET', key('limits', queue), 'concurrency', concurrency) end
  if rate ~= '' then call('HSET', key('limits', queue), 'rate', rate, 'period', period) end
  wake_if_startable(queue)
end

-- worker, how many are wanted, how many are acknowledged, delivery ..., queue ...
-- -> milliseconds until a rate limit opens or -1, then (queue, delivery) for each that was taken
function commands.exchange(worker, wanted, acknowledged, ...)
  local rest, freed = { ... }, {}
  for i = 1, tonumber(acknowledged) do
    local queue = release(worker, rest[i])
    if queue then freed[queue] = true end
  end
  for queue in pairs(freed) do wake_if_startable(queue) end
  if tonumber(wanted) == 0 or call('EXISTS', prefix .. ':epoch') == 0 then return { -1 } end

  local heads, look, opens = heads_of({ unpack(rest, tonumber(acknowledged) + 1) })
  local taken, answer = tonumber(call('GET', prefix .. ':taken') or 0), { -1 }
  for _ = 1, tonumber(wanted) do
    local head, delivery
    if (taken + 1) % STARVING_TURN == 0 then head, delivery = starving(heads) end
    if not head then head, delivery = foremost(heads, taken) end
    if not head then break end
    take(worker, head, delivery)
    look(head)
    taken = taken + 1
    answer[#answer + 1], answer[#answer + 2] = head.queue, delivery
  end
  if #answer > 1 then call('SET', prefix .. ':taken', taken) end
  for _, head in ipairs(heads) do
    if head.delivery then call('ZADD', key('wake', head.queue), 0, 'go') end
  end
  answer[1] = opens()
  return answer
end

-- worker, delivery ... -> how many were booked on it; they are in line again where they stood
function commands.put_back(worker, ...)
  local count = 0
  for _, delivery in ipairs({ ... }) do
    local queue, score = release(worker, delivery)
    if queue then
      call('ZADD', key('waiting', queue), 'NX', score, delivery)
      call('LPUSH', key('arrivals', queue), now .. ' ' .. delivery)
      wake_if_startable(queue)
      count = count + 1
    end
  end
  return count
end

-- worker -> how many were booked on it; its slots are free, and what it ran is for SQL to say
function commands.forget(worker)
  local deliveries, freed = call('HKEYS', key('held', worker)), {}
  for _, delivery in ipairs(deliveries) do
    local queue = release(worker, delivery)
    freed[queue] = true
  end
  for queue in pairs(freed) do wake_if_startable(queue) end
  return #deliveries
end

return commands[command](unpack(ARGV, 3))
