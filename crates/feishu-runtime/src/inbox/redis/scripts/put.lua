-- Arguments: the bound of the backlog, then id, lane, headers and payload of each event.
redis.call('ZREMRANGEBYSCORE', handled, '-inf', now())
local backlog = tonumber(ARGV[1])
local count = redis.call('HLEN', ids)
local stored = {}
for i = 2, #ARGV, 4 do
  local id = ARGV[i]
  if redis.call('HEXISTS', ids, id) == 1 or redis.call('HEXISTS', dead_ids, id) == 1
    or redis.call('ZSCORE', handled, id) then
    stored[#stored + 1] = 'known'
  elseif count >= backlog then
    stored[#stored + 1] = 'full'
  else
    add(id, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
    count = count + 1
    stored[#stored + 1] = 'new'
  end
end
return stored
