"""Time-limited TURN credentials in coturn's REST scheme.

The user name is `expiry:user`, the credential base64(HMAC-SHA1(shared secret, user name)); the TURN server checks
both without asking us (draft-uberti-behave-turn-rest-00, section 2.2). SHA-1 is the scheme's, not our choice; as an
HMAC key derivation it is not known to be broken.

The user is a name made from the user id. coturn leaves an allocation unanswered whose user name holds a space, a
quote or a backslash, and refuses one over 513 bytes; a user id may hold all that. Besides, the name crosses the
network in the clear and ends up in the TURN server's log, and a user id is often an e-mail address.
"""

import base64
import hashlib
import hmac

from .wire import IceServer

__all__ = ["ice_servers", "turn_credentials", "turn_user"]

NAME_LENGTH = 32
"""128 bits in hexadecimal: no two users meet."""


def turn_user(secret: str, user_id: str) -> str:
    """What a TURN server knows a user by: always the same, so that its quotas hold."""
    return hmac.new(secret.encode(), b"turn user\x00" + user_id.encode(), hashlib.sha256).hexdigest()[:NAME_LENGTH]


def turn_credentials(secret: str, user: str, *, expires_at: float) -> tuple[str, str]:
    """User name and credential, good until `expires_at` (Unix seconds)."""
    username = f"{int(expires_at)}:{user}"
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
        user = turn_user(turn_secret, user_id)
        username, credential = turn_credentials(turn_secret, user, expires_at=expires_at)
        servers.append(IceServer(urls=turn_urls, username=username, credential=credential))
    return tuple(servers)
