"""What members keep of a room: its founding, signed events, and who may do what by them; docs/protocol.md, part 3."""

__all__: list[str] = []
