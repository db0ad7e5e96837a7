"""What the server attests of members: judged, lapsed in time, and flagged where two keys bear the same name.

A claim is shown and nothing follows from it: who may do what goes by key. What cannot be verified is no claim, and the
link lives on, since an old server, an old peer and a wrong clock are no attacks. Attestations are kept as they came
and judged again when the server's keys come later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from ..attestation import LEEWAY_S, AttestationKeys, Attested, verify_attestation
from ..errors import BadAttestation
from ..events import Claim
from ..ids import MemberId
from .machine import earliest
from .names import clean_name, clean_text

__all__ = ["Claims", "Standing"]

_PAUSE_S = 6.0
_BURST_S = 60.0
"""A member's attestations are looked at ten at once, then one in six seconds: each costs a signature check."""

_User: TypeAlias = tuple[str, str]
"""Issuer and subject."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where we stand with our server: what it checks attestations with, and what it attests of us."""

    keys: AttestationKeys | None = None
    attestation: str = field(default="", repr=False)


@dataclass(slots=True)
class _Heard:
    """What one member showed, and what it is worth."""

    text: str = ""
    said: Attested | None = None
    lapses_at: float | None = None
    """Monotonic seconds."""
    judged_until: float = 0.0
    """GCRA: the time that the checks so far would take at their allowed pace."""


class Claims:
    """The claims of one room. `now` is monotonic seconds, `wall_s` seconds since 1970."""

    def __init__(self, *, max_name_chars: int) -> None:
        self._max_name_chars = max_name_chars
        self._keys: AttestationKeys | None = None
        self._heard: dict[MemberId, _Heard] = {}

    def learn_keys(self, keys: AttestationKeys, *, now: float, wall_s: float) -> None:
        """The server publishes these; everybody is judged by them from now on."""
        if keys == self._keys:
            return
        self._keys = keys
        for member, heard in self._heard.items():
            self._judge(member, heard, now=now, wall_s=wall_s)

    def hear(self, member: MemberId, text: str, *, now: float, wall_s: float) -> None:
        """A member shows an attestation, in place of the one before; an empty text is none, and changes nothing."""
        heard = self._heard.setdefault(member, _Heard(judged_until=now))
        if text in ("", heard.text) or heard.judged_until >= now + _BURST_S:
            return
        heard.text = text
        heard.judged_until = max(heard.judged_until, now) + _PAUSE_S
        self._judge(member, heard, now=now, wall_s=wall_s)

    def retain(self, members: Iterable[MemberId]) -> None:
        """Forget all others."""
        kept = set(members)
        self._heard = {member: heard for member, heard in self._heard.items() if member in kept}

    def lapse(self, *, now: float) -> None:
        """What has expired by now is said no longer."""
        for heard in self._heard.values():
            if heard.lapses_at is not None and heard.lapses_at <= now:
                heard.said = heard.lapses_at = None

    def next_deadline(self) -> float | None:
        """When the next claim lapses."""
        return earliest(*(heard.lapses_at for heard in self._heard.values()))

    def all(self) -> dict[MemberId, Claim]:
        """The claims that hold now."""
        said = {member: heard.said for member, heard in self._heard.items() if heard.said is not None}
        bearers = Counter(_user_of(each) for each in said.values())
        return {member: self._claim(each, is_contested=bearers[_user_of(each)] > 1) for member, each in said.items()}

    def _claim(self, said: Attested, *, is_contested: bool) -> Claim:
        name = clean_name(said.name or "", max_chars=self._max_name_chars) or None
        return Claim(subject=said.subject, name=name, issuer=said.issuer, is_contested=is_contested)

    def _judge(self, member: MemberId, heard: _Heard, *, now: float, wall_s: float) -> None:
        heard.said = self._maybe_said(member, heard.text, wall_s)
        heard.lapses_at = None if heard.said is None else now + heard.said.expires_at + LEEWAY_S - wall_s

    def _maybe_said(self, member: MemberId, text: str, wall_s: float) -> Attested | None:
        if self._keys is None or not text:
            return None
        try:
            said = verify_attestation(text, keys=self._keys, member=member, now_s=wall_s)
        except BadAttestation:
            return None
        return said if _is_showable(said.subject) and _is_showable(said.issuer) else None


def _user_of(said: Attested) -> _User:
    return said.issuer, said.subject


def _is_showable(text: str) -> bool:
    """Nothing in it that steers a terminal or hides; it is compared as it is, so it is not cleaned."""
    return clean_text(text) == text and not {"\n", "\t"} & set(text)
