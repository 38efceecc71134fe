-- All that the broker changes in Redis, one atomic call at a time. KEYS[1] is the prefix of every key; it carries the
-- hash tag that keeps them on one shard. ARGV: the command, the present in milliseconds (empty: by Redis' own clock, so
-- that no two hosts' clocks are compared), the command's own arguments.
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

-- What is booked on a worker is let go: {delivery, score} by queue. Nothing happens to what isn't booked on that worker,
-- so a late acknowledgement can't free the slot of whoever has the delivery now.
local function release(worker, deliveries)
  local released = {}
  if #deliveries == 0 then return released end
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

-- The delivery that has waited longest, except for those that this call has chosen, its score, and since when.
local function longest_waiting(queue, chosen)
  local arrivals = key('arrivals', queue)
  for at, entry in ipairs(call('LRANGE', arrivals, 0, ARRIVALS_LOOKED_AT - 1)) do
    local since, delivery = string.match(entry, '^(%d+) (.*)$')
    local score = not chosen[delivery] and call('ZSCORE', key('waiting', queue), delivery)
    if score then
      if at > 1 then call('LTRIM', arrivals, at - 1, -1) end
      return delivery, score, tonumber(since)
    end
  end
  call('LTRIM', arrivals, ARRIVALS_LOOKED_AT, -1)
end

-- TAKING -------------------------------------------------------------------------------------------------------------
-- A line is what this call sees of a queue: the first `wanted` that wait, and which of them it has chosen to take.

local function see_line(queue, wanted)
  local line = { queue = queue, rows = call('ZRANGE', key('waiting', queue), 0, wanted - 1, 'WITHSCORES'), at = 1,
    chosen = {}, count = 0, is_whole = false }
  line.is_whole = #line.rows < 2 * wanted
  if line.rows[1] then line.limits = limits_of(queue) end
  return line
end

-- Whether one more may start, where one more waits.
local function is_open(line)
  while line.chosen[line.rows[line.at]] do line.at = line.at + 2 end
  if not line.rows[1] or (line.is_whole and not line.rows[line.at]) then return false end
  line.opens = barred_for(line.queue, line.limits, line.count)
  return not line.opens
end

-- The first that waits and isn't chosen, where the limits let it start: it, its score, its level.
local function head_of(line)
  if not is_open(line) or not line.rows[line.at] then return end
  local score = line.rows[line.at + 1]
  return line.rows[line.at], score, math.floor(tonumber(score) / LEVEL)
end

-- The head on the highest level; among equals the queues take turns.
local function foremost(lines, turn)
  local best, best_delivery, best_score, best_level
  for i = 1, #lines do
    local line = lines[(turn + i) % #lines + 1]
    local delivery, score, level = head_of(line)
    if delivery and (not best or level < best_level) then
      best, best_delivery, best_score, best_level = line, delivery, score, level
    end
  end
  return best, best_delivery, best_score
end

-- Who waits longest over all queues, once that is too long.
local function starving(lines)
  local best, best_delivery, best_score, best_since
  for _, line in ipairs(lines) do
    if head_of(line) then
      local delivery, score, since = longest_waiting(line.queue, line.chosen)
      if delivery and now - since > STARVING_MILLISECONDS and (not best or since < best_since) then
        best, best_delivery, best_score, best_since = line, delivery, score, since
      end
    end
  end
  return best, best_delivery, best_score
end

local function choose(lines, wanted)
  local bookings, answer = {}, {}
  local taken = tonumber(call('GET', prefix .. ':taken') or 0)
  while #answer < 2 * wanted do
    local line, delivery, score
    if (taken + 1) % STARVING_TURN == 0 then line, delivery, score = starving(lines) end
    if not line then line, delivery, score = foremost(lines, taken) end
    if not line then break end
    line.chosen[delivery], line.count = true, line.count + 1
    table.insert(line.chosen, delivery)
    bookings[#bookings + 1], bookings[#bookings + 2] = delivery, score .. ' ' .. line.queue
    answer[#answer + 1], answer[#answer + 2] = line.queue, delivery
    taken = taken + 1
  end
  if #answer > 0 then call('SET', prefix .. ':taken', taken) end
  return bookings, answer
end

local function book(worker, bookings)
  if #bookings == 0 then return end
  call('HSET', key('held', worker), unpack(bookings))
  call('SADD', prefix .. ':workers', worker)
end

local function leave(line)
  if line.count == 0 then return end
  call('ZREM', key('waiting', line.queue), unpack(line.chosen))
  call('SADD', key('slots', line.queue), unpack(line.chosen))
  note_starts(line.queue, line.limits, line.count)
  if line.is_whole and 2 * line.count == #line.rows then call('DEL', key('arrivals', line.queue)) end
end

-- COMMANDS -----------------------------------------------------------------------------------------------------------

local commands = {}

-- queue, (delivery, level, submitter) ... -> how many are new in line; what waits already keeps its place, and what has
-- been taken stays with its worker
function commands.enqueue(queue, ...)
  local rows, scorers, arrived = { ... }, {}, {}
  for i = 1, #rows, 3 do
    local delivery, level, submitter = rows[i], rows[i + 1], rows[i + 2]
    local job, attempt = string.match(delivery, '^(.*):(%d+)$')
    if attempt ~= '1' then call('ZREM', key('waiting', queue), job .. ':' .. whole(tonumber(attempt) - 1)) end
    if call('SISMEMBER', key('slots', queue), delivery) == 0 then
      scorers[level] = scorers[level] or scorer(queue, tonumber(level))
      local score, keep_round = scorers[level](submitter)
      if call('ZADD', key('waiting', queue), 'NX', score, delivery) == 1 then
        keep_round()
        arrived[#arrived + 1] = now .. ' ' .. delivery
      end
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
  local rest = { ... }
  local freed = release(worker, { unpack(rest, 1, tonumber(acknowledged)) })
  if tonumber(wanted) == 0 or call('EXISTS', prefix .. ':epoch') == 0 then
    for queue in pairs(freed) do wake_if_startable(queue) end
    return { -1 }
  end

  local lines, opens, is_empty = {}, -1, true
  for i = tonumber(acknowledged) + 1, #rest do
    local line = see_line(rest[i], tonumber(wanted))
    lines[#lines + 1], freed[line.queue] = line, nil
    is_empty = is_empty and not line.rows[1]
  end
  for queue in pairs(freed) do wake_if_startable(queue) end
  if is_empty then return { -1 } end

  local bookings, answer = choose(lines, tonumber(wanted))
  book(worker, bookings)
  for _, line in ipairs(lines) do
    if is_open(line) then wake(line.queue) end
    if line.opens and line.opens > 0 and (opens < 0 or line.opens < opens) then opens = line.opens end
    leave(line)
  end
  table.insert(answer, 1, opens)
  return answer
end

-- queue ...: whoever was told and can't take tells the next
function commands.pass_on(...)
  for _, queue in ipairs({ ... }) do wake_if_startable(queue) end
end

-- worker, delivery ... -> how many were booked on it; they are in line again where they stood
function commands.put_back(worker, ...)
  local count = 0
  for queue, rows in pairs(release(worker, { ... })) do
    for _, row in ipairs(rows) do
      call('ZADD', key('waiting', queue), 'NX', row[2], row[1])
      call('LPUSH', key('arrivals', queue), now .. ' ' .. row[1])
      count = count + 1
    end
    wake_if_startable(queue)
  end
  return count
end

-- worker -> how many were booked on it; they are in line again where they stood, and the claim refuses what has ended
function commands.forget(worker)
  local count = commands.put_back(worker, unpack(call('HKEYS', key('held', worker))))
  call('SREM', prefix .. ':workers', worker)
  return count
end

-- queue -> how many wait on each level, how many have started, since when (milliseconds, or -1) the first waits
function commands.count(queue)
  local answer = {}
  for level = 0, LEVELS - 1 do
    answer[#answer + 1] = call('ZCOUNT', key('waiting', queue), whole(level * LEVEL), '(' .. whole((level + 1) * LEVEL))
  end
  answer[#answer + 1] = call('SCARD', key('slots', queue))
  local _, _, since = longest_waiting(queue, {})
  answer[#answer + 1] = since or -1
  return answer
end

-- (worker, queue, delivery, level) ...: SQL says that these run
function commands.book(...)
  local rows = { ... }
  for i = 1, #rows, 4 do
    local worker, queue, delivery, level = unpack(rows, i, i + 3)
    call('ZREM', key('waiting', queue), delivery)
    call('SADD', key('slots', queue), delivery)
    book(worker, { delivery, whole(tonumber(level) * LEVEL) .. ' ' .. queue })
  end
end

-- who restores, the run id of this Redis -> 1 where nothing was forgotten since `who` began
function commands.open_epoch(who, run_id)
  if call('GET', prefix .. ':restoring') ~= who then return 0 end
  call('SET', prefix .. ':epoch', run_id)
  return call('DEL', prefix .. ':restoring')
end

return commands[command](unpack(ARGV, 3))
