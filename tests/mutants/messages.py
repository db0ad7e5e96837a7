"""Rules of the message plane, each taken away. The campaign's lives of a room notice, not the tests of the rule.

But for three, which a few lives may pass by: their rule's own tests come first.
"""

from __future__ import annotations

from .mutation import Mutation

__all__ = ["MUTATIONS"]

_MESSAGES = "peer/messages"
_CAMPAIGN = ("tests/campaign/test_campaign.py",)
_RULES = ("tests/peer/messages/test_rules.py", "tests/peer/messages/test_view.py", *_CAMPAIGN)
_JOURNAL = ("tests/peer/messages/test_journal.py", *_CAMPAIGN)
_MISTAKES = ("tests/campaign/test_six_mistakes.py",)

MUTATIONS = (
    Mutation(
        "message: void ones count",
        _MESSAGES,
        {"return level if level >= least_level(said) else Level.NOBODY": "return level or Level.MEMBER"},
        _CAMPAIGN,
    ),
    Mutation(
        "message: signature not checked",
        _MESSAGES,
        {"        if not self._is_signed(said, verified):\n            return Refusal.SIGNATURE\n": ""},
        _CAMPAIGN,
    ),
    Mutation(
        "message: void ones deleted instead of parked",
        _MESSAGES,
        {"if self.void_count > self.limits.max_void:": "if self.void_count:", "[: -self.limits.max_void or None]": ""},
        _MISTAKES,
    ),
    Mutation("message: fork not cut", _MESSAGES, {"return seq >= fork.seq": "return False"}, _CAMPAIGN),
    Mutation(
        "message: clock of a log may fall",
        _MESSAGES,
        {"return high.seq if high.hlc <= low.hlc else None": "return None"},
        _CAMPAIGN,
    ),
    Mutation(
        "message: holes hide forks",
        _MESSAGES,
        {"and _fingerprint(common) != log.fingerprint:": "and False:"},
        (*_MISTAKES, *_CAMPAIGN),
    ),
    Mutation(
        "message: lower half of a proof is no message any more",
        _MESSAGES,
        {"said.seq >= fork.seq and said.id in {": "said.id in {"},
        _CAMPAIGN,
    ),
    Mutation(
        "message: anybody takes words back",
        _MESSAGES,
        {"return is_about_it and (delete.author == said.author or level >= Level.MODERATOR)": "return is_about_it"},
        _RULES,
    ),
    Mutation(
        "message: anybody rewrites",
        _MESSAGES,
        {"return edit.author == message.author and edit": "return edit"},
        _CAMPAIGN,
    ),
    Mutation(
        "message: first edit counts",
        _MESSAGES,
        {"last = edits[-1] if edits else text": "last = edits[0] if edits else text"},
        _RULES,
    ),
    Mutation(
        "message: deleted words stay on the disk",
        _MESSAGES,
        {"        self._stir.events[said.id] = bare.encoded\n": ""},
        _CAMPAIGN,
    ),
    Mutation(
        "message: pinned ones go with the floor",
        _MESSAGES,
        {"return anchor >= self.floor or anchor[1] in self.pinned": "return anchor >= self.floor"},
        _CAMPAIGN,
    ),
    Mutation(
        "message: deletions go with the floor",
        _MESSAGES,
        {
            "*_last(groups[Kind.DELETE], limits": "*_last((each for each in groups[Kind.DELETE] "
            "if spanning.spans(each.anchor)), limits"
        },
        _CAMPAIGN,
    ),
    Mutation(
        "message: disk that was set back goes on in the same log",
        _MESSAGES,
        {"        if state.life != record.life:\n            self.pen.begin_log()\n": ""},
        _JOURNAL,
    ),
    Mutation(
        "message: words that come again are not taken",
        _MESSAGES,
        {"if held.body is not None or said.body is None or self.is_taken_back(held):": "if True:"},
        _CAMPAIGN,
    ),
    Mutation(
        "message: what was read stays unread",
        _MESSAGES,
        {"view.seq > self.ours.of(view.log).read": "view.seq >= self.ours.of(view.log).read"},
        _CAMPAIGN,
    ),
    Mutation(
        "message: slow mode shows all",
        _MESSAGES,
        {"if slot is not None and said.place != min(self._in_slot[slot]):": "if False:"},
        _CAMPAIGN,
    ),
    Mutation(
        "message: clock of an answer may lie before its target",
        _MESSAGES,
        {"hlc=max(hlc_at(now_ms), behind + 1),": "hlc=hlc_at(now_ms),"},
        _CAMPAIGN,
    ),
)
