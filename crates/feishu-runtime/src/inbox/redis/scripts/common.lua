-- Keys of one queue, all in one slot of a cluster. What is claimed is pending in the consumer group, by its owner; what
-- waits for its lane or for its time is pending by the consumer PARKED, with the attempts so far as its delivery count.
--
-- An event that its owner holds is not in the stream: it is in `held` by its id, with the end of its claim, or the time when
-- it is due again, in `held_until`; its id has the entry HELD. When that time has passed it goes into the stream.
local events, ids, ready, handled, failures, dead, dead_ids, held, held_until = unpack(KEYS)
local GROUP, PARKED, HELD = 'inbox', '-', 'held'

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function lane_key(lane)
  return events .. ':lane:' .. lane
end

-- The fields of a stream's entry.
local function fields(entry)
  local found = {}
  for i = 1, #entry, 2 do
    found[entry[i]] = entry[i + 1]
  end
  return found
end

local function read(stream, sid)
  local entries = redis.call('XRANGE', stream, sid, sid)
  return entries[1] and fields(entries[1][2])
end

-- The delivery count of an entry that is pending by this consumer, or by any.
local function pending(sid, consumer)
  local found
  if consumer then
    found = redis.call('XPENDING', events, GROUP, sid, sid, 1, consumer)
  else
    found = redis.call('XPENDING', events, GROUP, sid, sid, 1)
  end
  return found[1] and found[1][4]
end

local function park(sid, count)
  redis.call('XCLAIM', events, GROUP, PARKED, 0, sid, 'RETRYCOUNT', count, 'JUSTID')
end

-- `earlier` is the number of attempts that were made before the event came into the stream.
local function add(id, lane, headers, payload, earlier)
  local sid = redis.call('XADD', events, '*', 'id', id, 'lane', lane, 'headers', headers, 'payload', payload,
    'earlier', earlier or 0)
  redis.call('HSET', ids, id, sid)
  if lane ~= '' then
    redis.call('RPUSH', lane_key(lane), sid)
  end
  return sid
end

-- The attempts of an event before it came into the stream.
local function earlier(event)
  return tonumber(event.earlier or 0)
end

-- What this owner holds under an id.
local function held_by(owner, id)
  local text = redis.call('HGET', held, id)
  local record = text and cjson.decode(text)
  return record and record.owner == owner and record
end

local function keep(id, record, due)
  redis.call('HSET', held, id, cjson.encode(record))
  redis.call('ZADD', held_until, due, id)
  redis.call('HSET', ids, id, HELD)
end

local function drop_held(id)
  redis.call('HDEL', held, id)
  redis.call('ZREM', held_until, id)
  redis.call('HDEL', ids, id)
end

-- Removes an event, and makes the next one of its lane ready.
local function remove(sid, event)
  redis.call('XACK', events, GROUP, sid)
  redis.call('XDEL', events, sid)
  redis.call('HDEL', failures, sid)
  redis.call('HDEL', ids, event.id)
  if event.lane ~= '' then
    local lane = lane_key(event.lane)
    redis.call('LREM', lane, 1, sid)
    local first = redis.call('LINDEX', lane, 0)
    if first and pending(first, PARKED) and not redis.call('ZSCORE', ready, first) then
      redis.call('ZADD', ready, now(), first)
    end
  end
end
