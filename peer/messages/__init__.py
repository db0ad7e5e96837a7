"""What is said in a room: signed message events, what of them is kept and shown, and who has got what (DESIGN, 5)."""

__all__: list[str] = []
