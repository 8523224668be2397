-- Arguments: owner, then the ids.
local owner = ARGV[1]
local held = {}
for i = 2, #ARGV do
  local sid = redis.call('HGET', ids, ARGV[i])
  if sid and pending(sid, owner) then
    redis.call('XCLAIM', events, GROUP, owner, 0, sid, 'JUSTID')
    held[#held + 1] = 1
  else
    held[#held + 1] = 0
  end
end
return held
