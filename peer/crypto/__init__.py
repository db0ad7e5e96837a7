"""What a link is made of: identities, the handshake, the frames that it protects and their rekey; pure.

Chance arrives as an argument. `docs/protocol.md`, part 2, holds the bytes; each module says what it promises.
"""
