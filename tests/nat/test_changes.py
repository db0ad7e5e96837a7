"""The network changes under a conversation: it goes on, and nothing that was said is lost or heard twice."""

import json
import os
import time

import pytest

from .box import Kind
from .conversation import check_nothing_lost, hear_on, meet
from .laboratory import STUN, TURN_TCP, TURN_UDP, Laboratory

pytestmark = [pytest.mark.nat, pytest.mark.long]

OUTAGE_S = float(os.environ.get("SPEAKTUBE_OUTAGE_S", "12"))
"""Longer than it takes anybody to notice: the members each other, and the server one who does not answer."""

QUICK = ("--ping-s", "2", "--grace-s", "1", "--heartbeat-s", "2", "--peer-ttl-s", "7")
"""A server that gives up on whom it does not hear within OUTAGE_S, as the defaults do within a minute."""

BACK_S = 15.0


def show(title: str, **values: object) -> None:
    print(json.dumps({"nat": title, **values}))  # noqa: T201 - its purpose


@pytest.mark.parametrize(
    ("kind", "turn"),
    [(Kind.PORT_RESTRICTED, TURN_UDP), (Kind.SYMMETRIC, TURN_UDP), (Kind.NO_UDP, TURN_TCP)],
    ids=lambda value: value.value if isinstance(value, Kind) else "",
)
def test_conversation_goes_on_when_a_nat_rebinds(lab: Laboratory, kind: Kind, turn: str) -> None:
    """A restarted router: every mapping of one side is gone, TCP's as well, and new ones are of other ports."""
    lab.be(kind, kind)
    meet(lab.server(stun=STUN, turn=turn), lab.left, lab.right)
    for host in (lab.left, lab.right):
        host.peer.talk(every_s=0.05)
    hear_on(lab.left, lab.right, more=10, within_s=5)
    before = lab.left.peer.route()["pair"]
    lab.left_box.become(kind, ports="40000-40999")
    began = time.monotonic()
    hear_on(lab.left, lab.right, more=40, within_s=BACK_S)
    show(
        f"{kind.value}, one side rebinds",
        before=before,
        after=lab.left.peer.route()["pair"],
        silence_s=[round(host.peer.longest_silence(since=began), 1) for host in (lab.left, lab.right)],
    )
    check_nothing_lost(lab.left, lab.right)


def test_side_that_loses_its_network_comes_back_under_another_address(lab: Laboratory) -> None:
    """Nobody says goodbye. Both go on talking; once the network is there the room is whole, and all was heard."""
    meet(lab.server(stun=STUN, turn=TURN_UDP, more=QUICK), lab.left, lab.right)
    for host in (lab.left, lab.right):
        host.peer.talk(every_s=0.5)
    hear_on(lab.left, lab.right, more=2, within_s=5)
    lab.right.unplug()
    began = time.monotonic()
    lost = lab.left.peer.wait_for("MemberLeft", within_s=OUTAGE_S)
    time.sleep(max(began + OUTAGE_S - time.monotonic(), 0))
    lab.right.move(number=7)
    back = time.monotonic()
    hear_on(lab.left, lab.right, more=2, within_s=BACK_S)
    show(
        f"one side without network for {OUTAGE_S:g} s",
        noticed_after_s=round(lost["at"] - began, 1),
        whole_after_s=round(lab.left.peer.last("MemberJoined")["at"] - back, 1),
        pair=lab.left.peer.route()["pair"],
    )
    check_nothing_lost(lab.left, lab.right)
