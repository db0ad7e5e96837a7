"""How two people make sure that they hold each other's real keys: a number to read out, a code to scan.

E2EE.md, "Keys"; docs/protocol.md, "Verifying a person". Promised: another pair of keys has another number, unless
somebody spends about 2^99 key generations on it; a code holds both keys whole. Not promised: that people compare all
twelve groups, or that whoever shows a code is the person that one thinks.
"""

from __future__ import annotations

from ..crypto.identity import check_identity_key, public_key_of
from ..crypto.labels import derive_key
from ..errors import BadIdentity, UsageError, VerificationFailed
from ..events import Member
from ..ids import MemberId

__all__ = ["check_code", "encode_code", "read_code", "safety_number"]

_LABEL = b"speaktube v1 safety number"
_GROUPS = 12
_GROUP_BYTES = 5

_CODE_HEAD = "speaktube-verify:1"
_MAX_CODE_CHARS = 256


def safety_number(one: MemberId, other: MemberId) -> str:
    """12 groups of 5 digits, the same whoever asks. Raises BadIdentity; UsageError for two times the same.

    Bytes 5·i to 5·i+4 of HKDF(smaller key ‖ larger key), as a big-endian number modulo 100,000, give group i.
    """
    smaller, larger = sorted((public_key_of(one), public_key_of(other)))
    if smaller == larger:
        raise UsageError("a safety number is that of two members: name somebody else than yourself")
    digits = derive_key(_LABEL, material=smaller + larger, salt=b"", length=_GROUPS * _GROUP_BYTES)
    groups = (digits[at : at + _GROUP_BYTES] for at in range(0, len(digits), _GROUP_BYTES))
    return " ".join(f"{int.from_bytes(group, 'big') % 100_000:05}" for group in groups)


def encode_code(*, ours: MemberId, theirs: MemberId) -> str:
    """What we show to one person as a QR code: who we are, and whom we take them for."""
    return f"{_CODE_HEAD}:{ours}:{theirs}"


def check_code(text: str, *, ours: MemberId, member: Member) -> None:
    """Raise VerificationFailed unless this code, shown to us, is that of this member's key."""
    if read_code(text, ours=ours) != member.id:
        raise VerificationFailed(
            f"this code is of another key than that of {member.name} here: whoever shows it is somebody else, or "
            "somebody poses as them in this room; do not trust this member"
        )


def read_code(text: str, *, ours: MemberId) -> MemberId:
    """Whose key somebody shows us who takes us for `ours`; raise VerificationFailed, and nothing else."""
    parts = text.strip()[:_MAX_CODE_CHARS].split(":")
    if parts[:2] != _CODE_HEAD.split(":") or len(parts) != 4:
        raise VerificationFailed("this is no code of ours to verify a person by: scan it again, all of it")
    theirs, shown_as_ours = parts[2:]
    for key in (theirs, shown_as_ours):
        _check_key(key)
    if shown_as_ours != ours:
        raise VerificationFailed(
            "whoever shows this code holds another key for you than yours: they scanned the code of somebody else, "
            "or somebody sits between you; do not trust this link"
        )
    return MemberId(theirs)


def _check_key(text: str) -> None:
    try:
        check_identity_key(public_key_of(MemberId(text)))
    except BadIdentity as error:
        raise VerificationFailed(f"this code was damaged ({error}): scan it again, all of it") from None
