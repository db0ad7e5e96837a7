"""What the message plane asks for: values that hide what was said."""

from __future__ import annotations

from peer.core.history_outputs import AskControl, Save, Tell
from peer.ids import MemberId
from peer.log.record import LogChanges
from peer.wire.message_frames import MessageEvents


def test_outputs_are_values() -> None:
    bob = MemberId("bob")
    assert AskControl(bob) == AskControl(bob)
    assert Save(LogChanges()) == Save(LogChanges())
    assert "secret" not in repr(Tell(bob, MessageEvents((b"secret",), False)))
