"""Bytes to values and back, for what two peers say to each other; docs/protocol.md, part 2."""

__all__: list[str] = []
