-- Arguments: owner, id, headers, payload, lease in milliseconds.
local owner, id, headers, payload, lease = unpack(ARGV)
local record = { attempts = 1, failures = 0 }
local sid = redis.call('HGET', ids, id)
if sid == HELD then
  record = held_by(owner, id)
  if not record then
    return 0
  end
elseif sid then
  -- Entries of a stream do not change, so it leaves the stream.
  local attempts = pending(sid, owner)
  if not attempts then
    return 0
  end
  local event = read(events, sid)
  record.attempts = attempts + earlier(event)
  record.failures = tonumber(redis.call('HGET', failures, sid) or 0)
  remove(sid, event)
elseif redis.call('HEXISTS', dead_ids, id) == 1 or redis.call('ZSCORE', handled, id) then
  return 0
end
record.owner, record.headers, record.payload = owner, headers, payload
keep(id, record, now() + tonumber(lease))
return 1
