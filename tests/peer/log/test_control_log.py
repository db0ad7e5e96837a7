"""The replica of a room's control events."""
