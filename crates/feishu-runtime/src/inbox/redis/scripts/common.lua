-- Keys of one queue, all in one slot of a cluster. What is claimed is pending in the consumer group, by its owner; what
-- waits for its lane or for its time is pending by the consumer PARKED, with the attempts so far as its delivery count.
local events, ids, ready, handled, failures, dead, dead_ids = unpack(KEYS)
local GROUP, PARKED = 'inbox', '-'

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

local function add(id, lane, headers, payload)
  local sid = redis.call('XADD', events, '*', 'id', id, 'lane', lane, 'headers', headers, 'payload', payload)
  redis.call('HSET', ids, id, sid)
  if lane ~= '' then
    redis.call('RPUSH', lane_key(lane), sid)
  end
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
