-- Arguments: owner, id, what the end is, a time in milliseconds or a reason, how many handled ids and dead letters to keep.
local owner, id, kind, argument, most_handled, most_dead = unpack(ARGV)
local sid = redis.call('HGET', ids, id)
local record = sid == HELD and held_by(owner, id)
local attempts = record and record.attempts or sid and sid ~= HELD and pending(sid, owner)
if not attempts then
  return 0
end
if kind == 'done' or kind == 'dead' then
  local event = record or read(events, sid)
  if record then
    event.lane = ''
    drop_held(id)
  else
    attempts = attempts + earlier(event)
    remove(sid, event)
  end
  if kind == 'done' then
    redis.call('ZADD', handled, now() + tonumber(argument), id)
    redis.call('ZREMRANGEBYRANK', handled, 0, -(tonumber(most_handled) + 1))
  else
    local letter = redis.call('XADD', dead, '*', 'id', id, 'lane', event.lane, 'headers', event.headers,
      'payload', event.payload, 'attempts', attempts, 'why', argument, 'at', now())
    redis.call('HSET', dead_ids, id, letter)
    if redis.call('XLEN', dead) > tonumber(most_dead) then
      local oldest = redis.call('XRANGE', dead, '-', '+', 'COUNT', 1)[1]
      redis.call('HDEL', dead_ids, fields(oldest[2]).id)
      redis.call('XDEL', dead, oldest[1])
    end
  end
  return 1
end
local due = now() + tonumber(argument)
if record then
  record.owner = ''
  if kind == 'retry' then
    record.failures = record.failures + 1
  else
    record.attempts = record.attempts - 1
  end
  keep(id, record, due)
  return 1
end
if kind == 'retry' then
  redis.call('HINCRBY', failures, sid, 1)
else
  attempts = attempts - 1
end
park(sid, attempts)
redis.call('ZADD', ready, due, sid)
return 1
