"""What a peer keeps on disk."""

__all__: list[str] = []
