"""What a room of peers decides, without a loop, socket, clock or chance of its own."""

__all__: list[str] = []
