"""Checks of signed events, and rules of membership, each taken away."""

from __future__ import annotations

from .mutation import Mutation

__all__ = ["MUTATIONS"]

_LOG = "peer/log"
_EVENT = ("tests/security/test_event_attacks.py", "tests/peer/log/test_event.py", "tests/peer/log/test_control_log.py")
_CONTROL = (
    "tests/security/test_event_attacks.py",
    "tests/security/test_membership_attacks.py",
    "tests/peer/log/test_control_log.py",
    "tests/peer/log/test_control.py",
)
_RULES = (
    "tests/security/test_membership_attacks.py",
    "tests/peer/log/test_authority.py",
    "tests/peer/log/test_evaluation.py",
    "tests/peer/log/test_acts.py",
)

MUTATIONS = (
    # events
    Mutation(
        "signature of an event not checked",
        _LOG,
        {"if not is_signed(": "if False and not is_signed("},
        _CONTROL,
    ),
    Mutation(
        "room left out of the signed bytes",
        _LOG,
        {
            "identity.sign(EVENT_SIGNATURE, room_id + signed)": "identity.sign(EVENT_SIGNATURE, signed)",
            "event.signature, room_id + event.signed\n": "event.signature, event.signed\n",
        },
        _EVENT,
    ),
    Mutation("room left out of the id", _LOG, {"EVENT_HASH, room_id + signed": "EVENT_HASH, signed"}, _EVENT),
    Mutation(
        "body not held to the header",
        _LOG,
        {'        raise MalformedFrame("this body belongs to another header")\n': "        pass\n"},
        _EVENT,
    ),
    Mutation("size of an event not checked", _LOG, {"if len(encoded) > MAX_EVENT_BYTES:": "if False:"}, _EVENT),
    Mutation(
        "event of a stranger costs a signature check",
        _LOG,
        {"            return Refusal.STRANGER\n        is_allowed": "            pass\n        is_allowed"},
        _CONTROL,
    ),
    Mutation(
        "gap in a log accepted",
        _LOG,
        {"if fact.seq > len(chain.facts) + 1:": "if False:"},
        _CONTROL,
    ),
    Mutation(
        "prev not checked",
        _LOG,
        {
            "if before is not None and fact.event.header.prev != before.id:": "if False:",
            "if whole and any(fact.event.header.prev != whole[-1].id for fact in said):": "if False:",
        },
        (*_CONTROL, "tests/peer/log/test_facts.py"),
    ),
    Mutation(
        "sequence without bound",
        _LOG,
        {"if fact.seq > self._bounds.max_log_events:": "if False:"},
        _CONTROL,
    ),
    Mutation(
        "clock of a log may run backwards",
        _LOG,
        {"if fact.seq > 1 and fact.hlc <= chain.facts[fact.seq - 2].hlc:": "if False:"},
        _CONTROL,
    ),
    Mutation(
        "event from the future accepted",
        _LOG,
        {"ms_of(fact.hlc) > now_ms + self._bounds.max_ahead_ms": "False"},
        _CONTROL,
    ),
    Mutation(
        "fork not cut",
        _LOG,
        {"if chain.fork is not None and fact.seq >= chain.fork.seq:": "if False:"},
        (*_CONTROL, "tests/peer/log/test_chains.py"),
    ),
    Mutation(
        "genesis hash not checked",
        _LOG,
        {"if room_id_of(encoded) != room_id:": "if False:"},
        ("tests/peer/log/test_genesis.py", *_CONTROL),
    ),
    # rights
    Mutation(
        "right of somebody else relied on",
        _LOG,
        {"is_theirs = right is not None and right.member == fact.author and": "is_theirs = right is not None and"},
        _RULES,
    ),
    Mutation(
        "owner's right taken by anybody who cites nothing",
        _LOG,
        {"return Level.OWNER if fact.author in owners else Level.NOBODY": "return Level.OWNER"},
        _RULES,
    ),
    Mutation(
        "grant of a level that is not below one's own",
        _LOG,
        {"level >= Level.ADMIN and grant.level < level and ": "level >= Level.ADMIN and "},
        _RULES,
    ),
    Mutation(
        "void right relied on",
        _LOG,
        {"        if fact.auth not in self.lawful:\n            return False\n": ""},
        _RULES,
    ),
    Mutation(
        "right relied on before it was given",
        _LOG,
        {"right.member == fact.author and right.hlc < fact.hlc": "right.member == fact.author"},
        _RULES,
    ),
    Mutation(
        "join dated before its invite",
        _LOG,
        {"invite.id not in self.lawful or invite.hlc >= join.hlc:": "invite.id not in self.lawful:"},
        _RULES,
    ),
    Mutation(
        "cuts of a revoke ignored",
        _LOG,
        {"return limit is None or fact.seq <= limit": "return True"},
        _RULES,
    ),
    Mutation(
        "cuts of a revoke ignored on other planes",
        _LOG,
        {"is_within = limit is None or header.seq <= limit": "is_within = True"},
        _RULES,
    ),
    Mutation(
        "revoke ignored",
        _LOG,
        {"self.removals[target.member].add(Removal(fact.id, level, reach, is_ban=False))": "pass"},
        _RULES,
    ),
    Mutation(
        "equals and betters may be revoked",
        _LOG,
        {"return self.held[fact.target].gives < level or fact.auth == fact.target": "return True"},
        _RULES,
    ),
    Mutation(
        "ban ignored",
        _LOG,
        {"self.removals[ban.member].add(Removal(fact.id, level, reach_of(ban.member, ban.cuts)))": "pass"},
        _RULES,
    ),
    Mutation(
        "moderator's ban by a plain member",
        _LOG,
        {"return level >= Level.MODERATOR and ban.member not in self.owners": "return ban.member not in self.owners"},
        _RULES,
    ),
    Mutation(
        "owner can be banned",
        _LOG,
        {
            "return level >= Level.MODERATOR and ban.member not in self.owners": "return level >= Level.MODERATOR",
            "return levels | dict.fromkeys(owners, Level.OWNER)": "return dict.fromkeys(owners, Level.OWNER) | levels",
        },
        _RULES,
    ),
    Mutation(
        "simultaneous grant wins over a removal",
        _LOG,
        {"return above > overcome": "return False"},
        _RULES,
    ),
    Mutation(
        "admin brings back whom an owner removed",
        _LOG,
        {"self._levels.get(one, Level.NOBODY) <= giver for one": "self._levels.get(one, Level.NOBODY) for one"},
        _RULES,
    ),
    # invites and joins
    Mutation(
        "join's invite signature not checked",
        _LOG,
        {"if not invite_signs(join": "if False and not invite_signs(join"},
        _CONTROL,
    ),
    Mutation(
        "newcomer's key left out of what the invite signs",
        _LOG,
        {
            "invite.sign(JOIN_SIGNATURE, room_id + newcomer)": "invite.sign(JOIN_SIGNATURE, room_id)",
            "JOIN_SIGNATURE, join.signature, room_id + newcomer)": "JOIN_SIGNATURE, join.signature, room_id)",
        },
        _CONTROL,
    ),
    Mutation(
        "room left out of what the invite signs",
        _LOG,
        {
            "invite.sign(JOIN_SIGNATURE, room_id + newcomer)": "invite.sign(JOIN_SIGNATURE, newcomer)",
            "JOIN_SIGNATURE, join.signature, room_id + newcomer)": "JOIN_SIGNATURE, join.signature, newcomer)",
        },
        _CONTROL,
    ),
    Mutation(
        "join after the invite's end counts",
        _LOG,
        {"return invite.expires_ms == 0 or ms_of(join.hlc) <= invite.expires_ms": "return True"},
        _RULES,
    ),
    Mutation(
        "newcomer's own clock believed",
        _LOG,
        {"return is_valid and not authority": "return not authority"},
        _CONTROL,
    ),
    Mutation(
        "kicked key let in by an open invite",
        _LOG,
        {"return is_valid and not authority.is_banned(member)": "return is_valid"},
        _CONTROL,
    ),
    Mutation(
        "uninvite ignored",
        _LOG,
        {"self.uninvited.add(fact.target)": "pass"},
        _RULES,
    ),
    Mutation(
        "single-use invite used twice",
        _LOG,
        {"                self.lawful.discard(grant.id)\n": "                pass\n"},
        _RULES,
    ),
    Mutation(
        "single-use invite counts at once",
        _LOG,
        {"invite.is_open and join.auth not in self.uninvited": "join.auth not in self.uninvited"},
        _RULES,
    ),
    Mutation(
        "newcomer not asked to wait where admins decide",
        _LOG,
        {"return self._is_open and invite is not None": "return invite is not None"},
        _RULES,
    ),
    Mutation(
        "client answers joins until its owner has no word left",
        "peer/core",
        {"[: self.spare]": ""},
        ("tests/security/test_membership_attacks.py",),
    ),
    Mutation(
        "owner falls silent when its log is full",
        _LOG,
        {"if is_full or not self._incarnation": "if not self._incarnation"},
        ("tests/peer/log/test_control_log.py",),
    ),
)
