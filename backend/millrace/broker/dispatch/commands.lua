-- The commands, each with its arguments and its answer.

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
  answer[#answer + 1] = longest_waiting(queue, {}) or -1
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
