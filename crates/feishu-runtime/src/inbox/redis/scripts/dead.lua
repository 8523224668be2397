-- Arguments: `retry` or `purge`, and the id of a dead letter.
local id = ARGV[2]
local letter = redis.call('HGET', dead_ids, id)
local event = letter and read(dead, letter)
if not event then
  return 0
end
redis.call('HDEL', dead_ids, id)
redis.call('XDEL', dead, letter)
if ARGV[1] == 'retry' then
  add(id, event.lane, event.headers, event.payload)
end
return 1
