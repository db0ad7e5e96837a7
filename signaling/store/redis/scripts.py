"""The atomic steps of the Redis engine, as Lua; each is one command, on keys of one slot.

Time is the Redis server's (TIME), in whole milliseconds: the clocks of our servers play no part. ARGV[1] is an offset
to it that only tests set. A room's script has KEYS[1], the room, and KEYS[2], its tag's list of what is due; a script
for many peers has that list alone. Other keys are made from these and lie in the same slot. Records are MessagePack,
as everywhere in the stores. A letter in a mailbox: 13 digits of its end (ms), one letter for its kind, who sent it, a
space, the frame.

Rules that the scripts hold, beyond those of tables.py:

- An entry in `due` is never later than the first lease of its room that ends. A renewal leaves it where it is, so it
  may be too early; the sweep then moves it on. Whoever sweeps first tells a departure, and no other server does.
- What a WebSocket has been given lies in its `hand` until the next fetch or a confirm. Another attach puts it back.
  Notices alone do not: an attach answers who is there.
- Serials of attaches are times, made to grow: those of a room that was made anew are above those of the old one.
- All keys of a room run out by themselves some time after its last renewal, so nothing is left if all servers die.

The directory is in a slot of its own, so listing and counting a room is a second step, after the room is made or has
ended. A server that dies in between leaves a room unlisted, or an entry without a room: readers pass over those, and
`AUDIT` gives each entry to be compared with its room from time to time.
"""

from ..port import Limits
from .keys import PREFIX
from .lua import BELLS, DIRECTORY, ENTER, MAIL, MANY_ROOMS, ONE_ROOM, ROOM, TIME

__all__ = ["Scripts"]

_CREATE = """
if redis.call('EXISTS', base) == 1 then
  if redis.call('HEXISTS', base .. ':peers', peer) == 0 then return {'ROOM_EXISTS'} end
  return welcome_back()
end
redis.call('HSET', base, 'record', ARGV[6], 'token', ARGV[7], 'serial', 0)
redis.call('ZADD', due, now + math.min(@PEER_TTL@, @ROOM_IDLE@), room)
return enter()
"""

_JOIN = """
if redis.call('EXISTS', base) == 0 then return {'NO_SUCH_ROOM'} end
if redis.call('HEXISTS', base .. ':peers', peer) == 1 then return welcome_back() end
if redis.call('HLEN', base .. ':peers') >= @ROOM_PEERS@ then return {'ROOM_FULL'} end
local taken = seats_taken(mine)
if taken then return {taken} end
if ARGV[6] then tell(redis.call('HKEYS', base .. ':peers'), ARGV[6]) end
return enter()
"""

_UNDO = """
if redis.call('HGET', base, 'token') ~= ARGV[4] then return end
for _, peer in ipairs(redis.call('HKEYS', base .. ':peers')) do remove(peer) end
"""

_LEAVE = """
local peer = ARGV[4]
if lease(peer) <= now then return end
tell_end('left', peer)
local token = remove(peer)
return {token or '', redis.call('HKEYS', base .. ':peers')}
"""

_OTHERS = """
local peer = ARGV[4]
if lease(peer) <= now then return end
renew(peer)
return others(peer)
"""

_ATTACH = """
local peer = ARGV[4]
if lease(peer) <= now then return end
renew(peer)
local serial = string.format('%.0f', math.max(now, redis.call('HGET', base, 'serial') + 1))
redis.call('HSET', base, 'serial', serial)
local _, older = socket_of(peer)
if older then publish(older, 'replaced ' .. room .. ' ' .. peer .. ' ' .. serial) end
redis.call('HSET', base .. ':at', peer, serial .. ' ' .. me)
redis.call('PEXPIRE', base .. ':at', @KEEP@)
redis.call('HDEL', base .. ':at', peer .. '?')
local hand, mail = base .. ':hand:' .. peer, base .. ':mail:' .. peer
local given = redis.call('LRANGE', hand, 0, -1)
for i = #given, 1, -1 do
  redis.call('LPUSH', mail, given[i])
  count(peer, given[i], 1)
end
if #given > 0 then redis.call('PEXPIRE', mail, @ENVELOPE_TTL@) end
redis.call('DEL', hand)
return {tonumber(serial), into_hand(peer), others(peer)}
"""

_SHORTEN = """
local peer, claim = ARGV[4], ARGV[5]
if lease(peer) <= now or (claim ~= '' and socket_of(peer) ~= claim) then return end
local cut = math.min(lease(peer), now + @GRACE@)
redis.call('ZADD', base .. ':leases', cut, peer)
redis.call('ZADD', due, 'LT', cut, room)
"""

_POST = """
local peer, to, letter = ARGV[4], ARGV[5], ARGV[6]
if lease(peer) <= now then return 'SENDER_GONE' end
renew(peer)
if lease(to) <= now then return 'NO_SUCH_PEER' end
local refusal = put(to, letter, peer)
if refusal then return refusal end
for server in pairs(ears(to)) do publish(server, 'mail ' .. room .. ' ' .. to) end
"""

_TELL = """
local peers = {}
for i = 5, #ARGV do peers[#peers + 1] = ARGV[i] end
return tell(peers, ARGV[4])
"""

_TAKE = """
local peer, kind = ARGV[4], ARGV[5]
if lease(peer) <= now then return end
renew(peer)
local mail, first = drop_old(peer)
local taken, kept = {}, {}
for _, letter in ipairs(redis.call('LRANGE', mail, 0, -1)) do
  local list = (kind == '' or string.sub(letter, 14, 14) == kind) and taken or kept
  list[#list + 1] = letter
end
if #taken > 0 then
  local rest_ms = redis.call('PTTL', mail)
  redis.call('DEL', mail)
  for _, letter in ipairs(kept) do redis.call('RPUSH', mail, letter) end
  if #kept > 0 then redis.call('PEXPIRE', mail, rest_ms) end
  for _, letter in ipairs(taken) do count(peer, letter, -1) end
  return taken
end
local polling = redis.call('HGET', base .. ':at', peer .. '?') or ''
if string.match(polling, '^%S*') ~= me then
  local servers = {me}
  for server in string.gmatch(polling, '%S+') do
    if server ~= me and #servers < 4 then servers[#servers + 1] = server end
  end
  redis.call('HSET', base .. ':at', peer .. '?', table.concat(servers, ' '))
  redis.call('PEXPIRE', base .. ':at', @KEEP@)
end
return taken
"""

_LOOK = """
local found = {}
for i = 3, #ARGV, 3 do
  enter_room(ARGV[i])
  local peer, claim = ARGV[i + 1], ARGV[i + 2]
  if lease(peer) == 0 then found[#found + 1] = 'GONE'
  elseif claim ~= '' and socket_of(peer) ~= claim then found[#found + 1] = 'REPLACED'
  else
    renew(peer)
    found[#found + 1] = redis.call('EXISTS', base .. ':mail:' .. peer) == 1 and 'MAIL' or 'QUIET'
  end
end
return found
"""

_FETCH = """
local found = {}
for i = 3, #ARGV, 3 do
  enter_room(ARGV[i])
  local peer = ARGV[i + 1]
  if socket_of(peer) ~= ARGV[i + 2] then found[#found + 1] = 0
  else
    redis.call('DEL', base .. ':hand:' .. peer)
    found[#found + 1] = into_hand(peer)
  end
end
return found
"""

_CONFIRM = """
for i = 3, #ARGV, 3 do
  enter_room(ARGV[i])
  if socket_of(ARGV[i + 1]) == ARGV[i + 2] then redis.call('DEL', base .. ':hand:' .. ARGV[i + 1]) end
end
"""

_EXPIRE = """
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, 100)) do
  enter_room(id)
  local idle = tonumber(redis.call('HGET', base, 'idle') or 0)
  local upto = idle <= now and '+inf' or now
  local ended = redis.call('ZRANGEBYSCORE', base .. ':leases', '-inf', upto, 'LIMIT', 0, 1000)
  local token = ''
  for _, peer in ipairs(ended) do
    tell_end('gone', peer)
    token = remove(peer) or token
  end
  local first = redis.call('ZRANGE', base .. ':leases', 0, 0, 'WITHSCORES')[2]
  if first then redis.call('ZADD', due, math.min(tonumber(first), idle), id)
  else redis.call('ZREM', due, id) end
  if #ended > 0 then
    local remaining = idle > now and redis.call('HKEYS', base .. ':peers') or {}
    found[#found + 1] = {id, token, ended, remaining}
  end
end
return found
"""

_CLOCK = """
return string.format('%.0f', now)
"""

_LIST = """
local id, packed = ARGV[2], ARGV[3]
local listing, stale = cmsgpack.unpack(packed), listed(id)
if stale then unlist(id, stale) end
local owned = at .. ':rooms of:' .. listing[2]
if listing[2] ~= '' and redis.call('SCARD', owned) >= @USER_ROOMS@ then return 'TOO_MANY_OWN_ROOMS' end
if redis.call('ZCARD', at .. ':checked') >= @MAX_ROOMS@ then return 'TOO_MANY_ROOMS' end
redis.call('HSET', at .. ':listings', id, packed)
redis.call('ZADD', at .. ':checked', now, id)
if listing[2] ~= '' then redis.call('SADD', owned, id) end
if listing[3] ~= '' then
  redis.call('ZADD', at .. ':public', 0, listing[3])
  redis.call('ZADD', at .. ':names', 0, listing[4])
end
"""

_UNLIST = """
for i = 2, #ARGV, 2 do
  local listing = listed(ARGV[i])
  if listing and listing[1] == ARGV[i + 1] then unlist(ARGV[i], listing) end
end
"""

_AUDIT = """
redis.call('SET', at .. ':signing key', ARGV[2], 'NX')
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', at .. ':checked', '-inf', now - 60000, 'LIMIT', 0, 20)) do
  redis.call('ZADD', at .. ':checked', now, id)
  local listing = listed(id)
  if listing then found[#found + 1], found[#found + 2] = id, listing[1] end
end
return found
"""

_KEEP_FACTOR, _KEEP_MORE_MS = 4, 120_000
"""Keys outlive the longest time that a room can be without a renewal, and are renewed when half of that is spent."""


class Scripts:
    """Each step with its bounds filled in."""

    def __init__(self, limits: Limits) -> None:
        longest_s = max(limits.room_idle_s, limits.peer_ttl_s)
        self._bounds = {
            "PREFIX": PREFIX,
            "PEER_TTL": _ms(limits.peer_ttl_s),
            "GRACE": _ms(limits.grace_s),
            "ROOM_IDLE": _ms(limits.room_idle_s),
            "ENVELOPE_TTL": _ms(limits.envelope_ttl_s),
            "KEEP": _KEEP_FACTOR * _ms(longest_s) + _KEEP_MORE_MS,
            "ROOM_PEERS": limits.room_peers,
            "USER_SEATS": limits.user_seats,
            "ADDRESS_SEATS": limits.address_seats,
            "SENDER_ENTRIES": limits.sender_entries,
            "SENDER_BYTES": limits.sender_bytes,
            "ENTRIES": limits.mailbox_entries,
            "BYTES": limits.mailbox_bytes,
            "USER_ROOMS": limits.user_rooms,
            "MAX_ROOMS": limits.max_rooms,
        }
        self.create = self._in_room(ENTER, _CREATE)
        self.join = self._in_room(MAIL, ENTER, _JOIN)
        self.undo = self._in_room(_UNDO)
        self.leave = self._in_room(_LEAVE)
        self.others = self._in_room(_OTHERS)
        self.attach = self._in_room(MAIL, _ATTACH)
        self.shorten = self._in_room(_SHORTEN)
        self.post = self._in_room(MAIL, _POST)
        self.tell = self._in_room(MAIL, _TELL)
        self.take = self._in_room(MAIL, _TAKE)
        self.look = self._in_rooms(_LOOK)
        self.fetch = self._in_rooms(MAIL, _FETCH)
        self.confirm = self._in_rooms(_CONFIRM)
        self.expire = self._in_rooms(_EXPIRE)
        self.clock = self._filled(TIME, _CLOCK)
        self.list = self._filled(TIME, DIRECTORY, _LIST)
        self.unlist = self._filled(DIRECTORY, _UNLIST)
        self.audit = self._filled(TIME, DIRECTORY, _AUDIT)

    def _in_room(self, *parts: str) -> str:
        return self._filled(TIME, ONE_ROOM, BELLS, ROOM, *parts)

    def _in_rooms(self, *parts: str) -> str:
        return self._filled(TIME, MANY_ROOMS, BELLS, ROOM, *parts)

    def _filled(self, *parts: str) -> str:
        text = "".join(parts)
        for name, value in self._bounds.items():
            text = text.replace(f"@{name}@", str(value))
        return text


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
