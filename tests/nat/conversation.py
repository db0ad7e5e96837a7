"""Two peers that meet behind boxes, and count aloud: what was said must be heard, each number once and in order."""

from __future__ import annotations

from .laboratory import Host

__all__ = ["check_nothing_lost", "hear_on", "meet", "talk"]

CATCHING_UP_S = 20.0


def meet(server: str, one: Host, other: Host, **config: object) -> float:
    """The first makes a room and the other joins it; seconds from its call until it is linked."""
    one.peer.open(server, **config)
    other.peer.open(server, **config)
    began = other.peer.join(one.peer.create())
    one.peer.wait_for("MemberJoined")
    return float(other.peer.wait_for("MemberJoined")["at"]) - began


def talk(one: Host, other: Host) -> None:
    """A message each way."""
    for speaker, listener in ((one, other), (other, one)):
        speaker.peer.say("ahoy")
        listener.peer.wait_for("Message", text="ahoy")


def hear_on(one: Host, other: Host, *, more: int, within_s: float) -> None:
    """Until each has heard so many more numbers of the other."""
    for listener, speaker in ((one, other), (other, one)):
        count = len(listener.peer.texts(speaker.peer)) + more
        listener.peer.until(
            lambda heard=listener, said=speaker, count=count: len(heard.peer.texts(said.peer)) >= count,  # type: ignore[misc]
            within_s=within_s,
            wish=f"{count} numbers",
        )


def check_nothing_lost(one: Host, other: Host) -> None:
    """Both hush; what they said has been heard, once and in order."""
    said = [(one, other, one.peer.hush()), (other, one, other.peer.hush())]
    for speaker, listener, count in said:
        last = str(count - 1)
        listener.peer.wait_for("Message", who=speaker.peer.name, text=last, within_s=CATCHING_UP_S)
        heard = [int(text) for text in listener.peer.texts(speaker.peer)]
        missing, double = set(range(count)) - set(heard), sorted(n for n in set(heard) if heard.count(n) > 1)
        assert (sorted(missing), double) == ([], []), f"{listener.peer.name} missed the first, heard the second twice"
        assert heard == sorted(heard), f"{listener.peer.name} heard them in another order"
