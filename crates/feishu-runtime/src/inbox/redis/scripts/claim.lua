-- Arguments: owner, maximum, lease in milliseconds, entries to read at most, and how long a consumer without claims stays.
local owner, max, lease, most, forget = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local claimed = {}
-- A server that has just started gives the living time to renew their claims.
local function uptime()
  local info = redis.pcall('INFO', 'server')
  local seconds = type(info) == 'string' and string.match(info, 'uptime_in_seconds:(%d+)')
  return seconds and tonumber(seconds) * 1000 or lease
end

-- The uptime is in whole seconds.
local is_awake = lease < 1000 or uptime() >= lease

-- What was held and is due: its owner has not renewed it, or ended its claim with a pause.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', held_until, '-inf', now(), 'LIMIT', 0, most)) do
  local record = cjson.decode(redis.call('HGET', held, id))
  if is_awake or record.owner == '' then
    drop_held(id)
    local sid = add(id, '', record.headers, record.payload, record.attempts)
    if record.failures > 0 then
      redis.call('HSET', failures, sid, record.failures)
    end
  end
end

if redis.call('EXISTS', events) == 0 then
  return claimed
end

local function give(sid, event, attempt)
  local failed = redis.call('HGET', failures, sid) or '0'
  claimed[#claimed + 1] =
    { event.id, event.lane, event.headers, event.payload, attempt + earlier(event), tonumber(failed) }
end

local function take(sid, attempts)
  local entries = redis.call('XCLAIM', events, GROUP, owner, 0, sid, 'RETRYCOUNT', attempts + 1)
  if entries[1] and entries[1][2] then
    give(sid, fields(entries[1][2]), attempts + 1)
  end
end

-- Claims of owners that have not renewed them.
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', events, GROUP)) do
  consumer = fields(consumer)
  if consumer.name ~= owner and consumer.name ~= PARKED then
    if consumer.pending == 0 then
      if consumer.idle > forget then
        redis.call('XGROUP', 'DELCONSUMER', events, GROUP, consumer.name)
      end
    elseif is_awake and #claimed < max then
      local idle = redis.call('XPENDING', events, GROUP, 'IDLE', lease, '-', '+', max - #claimed, consumer.name)
      for _, entry in ipairs(idle) do
        take(entry[1], entry[4])
      end
    end
  end
end

-- What waited for its lane or its time.
if #claimed < max then
  for _, sid in ipairs(redis.call('ZRANGEBYSCORE', ready, '-inf', now(), 'LIMIT', 0, max - #claimed)) do
    redis.call('ZREM', ready, sid)
    local attempts = pending(sid, PARKED)
    if attempts then
      take(sid, attempts)
    end
  end
end

-- New events; those behind another one of their lane are parked.
while #claimed < max and most > 0 do
  local count = math.min(max - #claimed, most)
  local streams = redis.call('XREADGROUP', 'GROUP', GROUP, owner, 'COUNT', count, 'STREAMS', events, '>')
  if not streams then
    break
  end
  local entries = streams[1][2]
  most = most - #entries
  for _, entry in ipairs(entries) do
    local sid, event = entry[1], fields(entry[2])
    if event.lane == '' or redis.call('LINDEX', lane_key(event.lane), 0) == sid then
      give(sid, event, 1)
    else
      park(sid, 0)
    end
  end
end
return claimed
