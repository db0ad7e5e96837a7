"""What a link is made of: identities, the handshake, the frames that it protects and their rekey.

Pure: no loop, socket, clock or chance of its own; random bytes arrive as an argument. `docs/protocol.md`, part 2, holds
the bytes. Import the modules, not the package: each says in its opening what it promises.
"""

from __future__ import annotations

__all__: list[str] = []
