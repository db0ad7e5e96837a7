"""Time-limited TURN credentials in coturn's REST scheme.

The user name is `expiry:userId`, the credential base64(HMAC-SHA1(shared secret, user name)); the TURN server checks
both without asking us (draft-uberti-behave-turn-rest-00, section 2.2). SHA-1 is the scheme's, not our choice; as an
HMAC key derivation it is not known to be broken.
"""

import base64
import hashlib
import hmac

from .wire import IceServer

__all__ = ["ice_servers", "turn_credentials"]


def turn_credentials(secret: str, user_id: str, *, expires_at: float) -> tuple[str, str]:
    """User name and credential, good until `expires_at` (Unix seconds)."""
    username = f"{int(expires_at)}:{user_id}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode("ascii")


def ice_servers(
    *,
    stun_urls: tuple[str, ...],
    turn_urls: tuple[str, ...],
    turn_secret: str | None,
    user_id: str,
    expires_at: float,
) -> tuple[IceServer, ...]:
    """What a joining peer is told; TURN only where the operator has shared its secret with us."""
    servers = [IceServer(urls=stun_urls)] if stun_urls else []
    if turn_urls and turn_secret:
        username, credential = turn_credentials(turn_secret, user_id, expires_at=expires_at)
        servers.append(IceServer(urls=turn_urls, username=username, credential=credential))
    return tuple(servers)
