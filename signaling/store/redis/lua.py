"""The Lua that the steps of redis_scripts.py share: time, bells, and what a room, a mailbox and the directory are.

`@NAME@` is a place for a bound. `base` is a room's own key, `due` its tag's list, `room` its id, `me` the server that
runs the step and needs no bell about it, `now` the Redis server's time in whole milliseconds.
"""

__all__ = ["BELLS", "DIRECTORY", "ENTER", "MAIL", "MANY_ROOMS", "ONE_ROOM", "ROOM", "TIME"]

TIME = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]
"""

BELLS = """
local function publish(server, text)
  if server ~= me then redis.call('PUBLISH', '@PREFIX@server:' .. server, text) end
end
local function socket_of(peer)
  local at = redis.call('HGET', base .. ':at', peer)
  if at then return string.match(at, '^(%d+) (.*)$') end
end
local function ears(peer)
  local found, _, server = {}, socket_of(peer)
  if server then found[server] = true end
  for polling in string.gmatch(redis.call('HGET', base .. ':at', peer .. '?') or '', '%S+') do found[polling] = true end
  return found
end
local function tell_end(why, peer)
  local serial = socket_of(peer) or '0'
  for server in pairs(ears(peer)) do publish(server, table.concat({why, room, peer, serial}, ' ')) end
end
"""

ROOM = """
local function lease(peer) return tonumber(redis.call('ZSCORE', base .. ':leases', peer) or 0) end
local function renew(peer)
  redis.call('ZADD', base .. ':leases', now + @PEER_TTL@, peer)
  redis.call('HSET', base, 'idle', now + @ROOM_IDLE@)
  if redis.call('PTTL', base) < @KEEP@ / 2 then
    for _, part in ipairs({'', ':peers', ':leases', ':seats', ':sizes', ':at'}) do
      redis.call('PEXPIRE', base .. part, @KEEP@)
    end
  end
end
local function others(peer)
  local all, found = redis.call('HGETALL', base .. ':peers'), {}
  for i = 1, #all, 2 do
    if all[i] ~= peer then found[#found + 1] = all[i + 1] end
  end
  return found
end
local function end_room()
  local token = redis.call('HGET', base, 'token')
  for _, part in ipairs({'', ':peers', ':leases', ':seats', ':sizes', ':at'}) do redis.call('DEL', base .. part) end
  redis.call('ZREM', due, room)
  return token
end
local function holder_of(record)
  if not record.is_guest then return 'user ' .. record.user_id end
  return record.origin ~= '' and 'guests ' .. record.origin
end
local function remove(peer)
  local record = redis.call('HGET', base .. ':peers', peer)
  local holder = record and holder_of(cmsgpack.unpack(record))
  if holder and redis.call('HINCRBY', base .. ':seats', holder, -1) < 1 then
    redis.call('HDEL', base .. ':seats', holder)
  end
  redis.call('HDEL', base .. ':peers', peer)
  redis.call('ZREM', base .. ':leases', peer)
  redis.call('HDEL', base .. ':sizes', peer)
  redis.call('HDEL', base .. ':at', peer, peer .. '?')
  redis.call('DEL', base .. ':mail:' .. peer, base .. ':from:' .. peer, base .. ':hand:' .. peer)
  return redis.call('HLEN', base .. ':peers') == 0 and end_room()
end
"""

ENTER = """
local peer, mine = ARGV[4], ARGV[5]
local function entered(record, is_new)
  return {'', redis.call('HGET', base, 'record'), redis.call('HLEN', base .. ':peers'), record, is_new, others(peer)}
end
local function welcome_back()
  local kept = redis.call('HGET', base .. ':peers', peer)
  local old, new = cmsgpack.unpack(kept), cmsgpack.unpack(mine)
  local both_guests = old.is_guest and new.is_guest
  if not both_guests and (old.user_id ~= new.user_id or old.is_guest ~= new.is_guest) then return {'NOT_THEIRS'} end
  renew(peer)
  return entered(kept, 0)
end
local function seats_taken(mine)
  local record = cmsgpack.unpack(mine)
  local most, refusal = @USER_SEATS@, 'USER_SEATS_TAKEN'
  if record.is_guest then most, refusal = @ADDRESS_SEATS@, 'ADDRESS_SEATS_TAKEN' end
  local holder = holder_of(record)
  return holder and tonumber(redis.call('HGET', base .. ':seats', holder) or 0) >= most and refusal
end
local function enter()
  redis.call('HSET', base .. ':peers', peer, mine)
  local holder = holder_of(cmsgpack.unpack(mine))
  if holder then
    redis.call('HINCRBY', base .. ':seats', holder, 1)
    redis.call('PEXPIRE', base .. ':seats', @KEEP@)
  end
  renew(peer)
  return entered(mine, 1)
end
"""

MAIL = """
local function parts_of(letter)
  local gap = string.find(letter, ' ', 15, true)
  return string.sub(letter, 15, gap - 1), #letter - gap
end
local function add(key, field, amount)
  if redis.call('HINCRBY', key, field, amount) <= 0 then redis.call('HDEL', key, field) end
end
local function count(peer, letter, sign)
  local sender, size = parts_of(letter)
  add(base .. ':sizes', peer, sign * size)
  if sender ~= '' then
    add(base .. ':from:' .. peer, sender, sign)
    add(base .. ':from:' .. peer, sender .. ' bytes', sign * size)
    redis.call('PEXPIRE', base .. ':from:' .. peer, @ENVELOPE_TTL@)
  end
end
local function drop_old(peer)
  local mail = base .. ':mail:' .. peer
  local first = redis.call('LINDEX', mail, 0)
  while first and tonumber(string.sub(first, 1, 13)) <= now do
    redis.call('LPOP', mail)
    count(peer, first, -1)
    first = redis.call('LINDEX', mail, 0)
  end
  if not first then
    redis.call('HDEL', base .. ':sizes', peer)
    redis.call('DEL', base .. ':from:' .. peer)
  end
  return mail, first
end
local function share_is_full(peer, sender, size)
  local entries, held = unpack(redis.call('HMGET', base .. ':from:' .. peer, sender, sender .. ' bytes'))
  return tonumber(entries or 0) >= @SENDER_ENTRIES@ or tonumber(held or 0) + size > @SENDER_BYTES@
end
local function put(peer, letter, sender)
  local mail = drop_old(peer)
  letter = string.format('%013.0f', now + @ENVELOPE_TTL@) .. letter
  local _, size = parts_of(letter)
  if sender and share_is_full(peer, sender, size) then return 'SHARE_FULL' end
  local held = tonumber(redis.call('HGET', base .. ':sizes', peer) or 0)
  if redis.call('LLEN', mail) >= @ENTRIES@ or held + size > @BYTES@ then return 'MAILBOX_FULL' end
  redis.call('RPUSH', mail, letter)
  redis.call('PEXPIRE', mail, @ENVELOPE_TTL@)
  count(peer, letter, 1)
  redis.call('PEXPIRE', base .. ':sizes', @KEEP@)
end
local function tell(peers, letter)
  local rung, full = {}, 0
  for _, peer in ipairs(peers) do
    if lease(peer) > now then
      if put(peer, letter) then full = full + 1
      else
        for server in pairs(ears(peer)) do rung[server] = (rung[server] or '') .. ' ' .. peer end
      end
    end
  end
  for server, those in pairs(rung) do publish(server, 'mail ' .. room .. those) end
  return full
end
local function into_hand(peer)
  local mail, first = drop_old(peer)
  if not first then return {} end
  redis.call('HDEL', base .. ':sizes', peer)
  redis.call('DEL', base .. ':from:' .. peer)
  local letters, is_held = redis.call('LRANGE', mail, 0, -1), false
  for _, letter in ipairs(letters) do is_held = is_held or string.sub(letter, 14, 14) ~= 'n' end
  if is_held then redis.call('RENAME', mail, base .. ':hand:' .. peer) else redis.call('DEL', mail) end
  return letters
end
"""

ONE_ROOM = """
local base, due, room, me = KEYS[1], KEYS[2], ARGV[2], ARGV[3]
"""
"""ARGV of a room's script: offset, room id, this server, and its own."""

MANY_ROOMS = """
local due, me, base, room = KEYS[1], ARGV[2]
local function enter_room(id)
  room = id
  base = string.sub(due, 1, -4) .. 'room:' .. id
end
"""
"""ARGV of a script for many: offset, this server, and its own."""

DIRECTORY = """
local at = KEYS[1]
local function unlist(id, listing)
  redis.call('HDEL', at .. ':listings', id)
  redis.call('ZREM', at .. ':checked', id)
  if listing[2] ~= '' then redis.call('SREM', at .. ':rooms of:' .. listing[2], id) end
  if listing[3] ~= '' then
    redis.call('ZREM', at .. ':public', listing[3])
    redis.call('ZREM', at .. ':names', listing[4])
  end
end
local function listed(id)
  local packed = redis.call('HGET', at .. ':listings', id)
  return packed and cmsgpack.unpack(packed)
end
"""
