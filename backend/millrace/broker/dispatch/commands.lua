-- The commands, each with its arguments and its answer.

local commands = {}

-- queue, (delivery, level, submitter) ... -> how many are new in line; what waits already keeps its place, and what has
-- been taken stays with its worker
function commands.restore(queue, ...)
  local rows, levels, count = { ... }, {}, 0
  for i = 1, #rows, 3 do
    local delivery, level, submitter = rows[i], rows[i + 1], rows[i + 2]
    local job, attempt = string.match(delivery, '^(.*):(%d+)$')
    if attempt ~= '1' then withdraw(queue, job .. ':' .. whole(tonumber(attempt) - 1), submitter) end
    if call('SISMEMBER', key('slots', queue), delivery) == 0 then
      levels[level] = levels[level] or rounds_on(queue, level)
      local round, keep_round = levels[level](submitter)
      if call('ZADD', key('waiting', queue), 'NX', score_of(level, round, now / 1000), delivery) == 1 then
        keep_round()
        count = count + 1
      end
    end
  end
  if count > 0 then wake_if_startable(queue) end
  return count
end

-- As `restore`; nothing while the queues aren't complete, so that nobody overtakes what comes back
function commands.enqueue(...)
  return call('EXISTS', prefix .. ':epoch') == 1 and commands.restore(...) or 0
end

-- queue, (delivery, submitter) ... -> how many left the line
function commands.remove(queue, ...)
  local rows, count = { ... }, 0
  for i = 1, #rows, 2 do
    if withdraw(queue, rows[i], rows[i + 1]) then count = count + 1 end
  end
  return count
end

-- queue, delivery, level, submitter -> 1 where it waited, and now stands behind its submitter's others on that level
function commands.rescore(queue, delivery, level, submitter)
  local score = withdraw(queue, delivery, submitter)
  if not score then return 0 end
  local _, _, since = read_score(score)
  local round, keep_round = rounds_on(queue, level)(submitter)
  keep_round()
  call('ZADD', key('waiting', queue), score_of(level, round, since), delivery)
  wake_if_startable(queue)
  return 1
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
  local rest, lines, opens = { ... }, {}, -1
  wanted, acknowledged = tonumber(wanted), tonumber(acknowledged)
  local freed = release(worker, { unpack(rest, 1, acknowledged) })
  if wanted > 0 and call('EXISTS', prefix .. ':epoch') == 1 then
    for i = acknowledged + 1, #rest do lines[#lines + 1] = see_line(rest[i], wanted) end
  end
  local bookings, answer = choose(lines, wanted)
  book(worker, bookings)
  for _, line in ipairs(lines) do
    leave(line)
    freed[line.queue] = nil
    if line.opens and line.opens > 0 and (opens < 0 or line.opens < opens) then opens = line.opens end
  end
  for queue in pairs(freed) do wake_if_startable(queue) end
  return { opens, unpack(answer) }
end

-- queue ...: whoever was told and can't take tells the next
function commands.pass_on(...)
  for _, queue in ipairs({ ... }) do wake_if_startable(queue) end
end

-- worker, delivery ... -> how many were booked on it; they are first in line again, on their level
function commands.put_back(worker, ...)
  local count = 0
  for queue, rows in pairs(release(worker, { ... })) do
    for _, row in ipairs(rows) do
      local level, _, since = read_score(row[2])
      -- Not with its old round: those who come next would stand beside it, and before all who wait.
      call('ZADD', key('waiting', queue), 'NX', score_of(level, head_round(queue, level), since), row[1])
      count = count + 1
    end
    wake_if_startable(queue)
  end
  return count
end

-- worker -> how many were booked on it; they are in line again, and the claim refuses what has ended
function commands.forget(worker)
  local deliveries, count = call('HKEYS', key('held', worker)), 0
  for i = 1, #deliveries, 1000 do
    count = count + commands.put_back(worker, unpack(deliveries, i, math.min(i + 999, #deliveries)))
  end
  call('SREM', prefix .. ':workers', worker)
  return count
end

-- queue -> how many have started, then for each level how many wait, and since when (seconds, or -1) the first
function commands.count(queue)
  local answer = { call('SCARD', key('slots', queue)) }
  for level = 0, LEVELS - 1 do
    answer[#answer + 1] = call('ZCOUNT', key('waiting', queue), whole(level * LEVEL), '(' .. whole((level + 1) * LEVEL))
    answer[#answer + 1] = longest_on(queue, level, {}) or -1
  end
  return answer
end

-- (worker, queue, delivery, level) ...: these run
function commands.book(...)
  local rows = { ... }
  for i = 1, #rows, 4 do
    local worker, queue, delivery, level = unpack(rows, i, i + 3)
    call('ZREM', key('waiting', queue), delivery)
    call('SADD', key('slots', queue), delivery)
    book(worker, { delivery, score_of(level, 0, now / 1000) .. ' ' .. queue })
  end
end

-- who restores, the run id of this Redis, queue ... -> 1 where nothing was forgotten since `who` began
function commands.open_epoch(who, run_id, ...)
  if call('GET', prefix .. ':restoring') ~= who then return 0 end
  call('SET', prefix .. ':epoch', run_id)
  call('DEL', prefix .. ':restoring')
  commands.pass_on(...)
  return 1
end

return commands[command](unpack(ARGV, 3))
