-- Taking: which deliveries one call gives to a worker. A line is what the call sees of a queue: those that
-- wait first, one more than are wanted, and which it has chosen.

local function see_line(queue, wanted)
  local rows = call('ZRANGE', key('waiting', queue), 0, wanted, 'WITHSCORES')
  return { queue = queue, rows = rows, at = 1, chosen = {}, limits = rows[1] and limits_of(queue) }
end

-- Whether one more waits, and may start.
local function is_open(line)
  while line.chosen[line.rows[line.at]] do line.at = line.at + 2 end
  if not line.rows[line.at] then return false end
  line.opens = barred_for(line.queue, line.limits, #line.chosen)
  return not line.opens
end

-- Of what `look` finds in the lines, that of the lowest rank; among equals the first.
local function best_of(lines, look)
  local best
  for _, line in ipairs(lines) do
    if is_open(line) then
      local rank, delivery, score = look(line)
      if rank and (not best or rank < best.rank) then
        best = { rank = rank, line = line, delivery = delivery, score = score }
      end
    end
  end
  return best
end

-- The head on the highest level; among equals the queues take turns.
local function foremost(lines, turn)
  local in_turn = {}
  for i = 1, #lines do in_turn[i] = lines[(turn + i) % #lines + 1] end
  return best_of(in_turn, function(line)
    local score = line.rows[line.at + 1]
    return (read_score(score)), line.rows[line.at], score
  end)
end

-- Who waits longest over all queues and levels, once that is too long.
local function starving(lines)
  local best
  for level = 0, LEVELS - 1 do
    local found = best_of(lines, function(line) return longest_on(line.queue, level, line.chosen) end)
    if found and (not best or found.rank < best.rank) then best = found end
  end
  return best and now / 1000 - best.rank > STARVING_SECONDS and best
end

local function may_any_start(lines)
  for _, line in ipairs(lines) do
    if is_open(line) then return true end
  end
end

-- Chooses up to `wanted`: (delivery, what is booked) ..., and (queue, delivery) ...
local function choose(lines, wanted)
  local bookings, answer = {}, {}
  if not may_any_start(lines) then return bookings, answer end
  local taken = tonumber(call('GET', prefix .. ':taken') or 0)
  while #answer < 2 * wanted do
    local best = (taken + 1) % STARVING_TURN == 0 and starving(lines) or foremost(lines, taken)
    if not best then break end
    local chosen = best.line.chosen
    chosen[best.delivery], chosen[#chosen + 1] = true, best.delivery
    bookings[#bookings + 1], bookings[#bookings + 2] = best.delivery, best.score .. ' ' .. best.line.queue
    answer[#answer + 1], answer[#answer + 2] = best.line.queue, best.delivery
    taken = taken + 1
  end
  if #answer > 0 then call('SET', prefix .. ':taken', taken) end
  return bookings, answer
end

-- What was chosen leaves the line; whoever waits for a wake-up is told of what remains.
local function leave(line)
  if is_open(line) then wake(line.queue) end
  if not line.chosen[1] then return end
  call('ZREM', key('waiting', line.queue), unpack(line.chosen))
  call('SADD', key('slots', line.queue), unpack(line.chosen))
  note_starts(line.queue, line.limits, #line.chosen)
end
