-- Arguments: owner, lease in milliseconds, then the ids.
local owner, lease = ARGV[1], tonumber(ARGV[2])
local renewed = {}
for i = 3, #ARGV do
  local sid = redis.call('HGET', ids, ARGV[i])
  if sid == HELD then
    local is_held = held_by(owner, ARGV[i])
    if is_held then
      redis.call('ZADD', held_until, now() + lease, ARGV[i])
    end
    renewed[#renewed + 1] = is_held and 1 or 0
  elseif sid and pending(sid, owner) then
    redis.call('XCLAIM', events, GROUP, owner, 0, sid, 'JUSTID')
    renewed[#renewed + 1] = 1
  else
    renewed[#renewed + 1] = 0
  end
end
return renewed
