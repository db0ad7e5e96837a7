"""What a seat asks of a path to the server."""

from peer.signaling.calls import Calls
from peer.signaling.connection import WebSocketPath
from peer.signaling.http import Http
from peer.signaling.path import Credentials, Path
from peer.signaling.polling import PollingPath
from peer.signaling.tokens import UserToken

from .samples import RESUME, US
from .seats import LOBBY, Pauses

CREDENTIALS = Credentials(peer_id=US, topic=LOBBY, token="token-1", resume=RESUME)


def test_credentials_hide_from_repr() -> None:
    assert "token-1" not in repr(CREDENTIALS)
    assert RESUME not in repr(CREDENTIALS)


async def test_both_paths_are_paths() -> None:
    """The type checker proves it; a seat needs no third."""
    http = Http("http://signal.example", timeout_s=1.0)
    calls = Calls(http, display_name="Ben", user_token=UserToken(None, timeout_s=1.0))
    paths: list[Path] = [
        WebSocketPath(http, CREDENTIALS, pause=Pauses()),
        PollingPath(calls, CREDENTIALS, pause=Pauses()),
    ]
    for path in paths:
        await path.close()
