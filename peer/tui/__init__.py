"""The full-screen chat: what a member of many rooms needs on a terminal of 80 by 24 and up. Needs textual.

Lines are values, made by pure modules from messages and members, with cells and styles and no markup; `desk` and
`room_view` hold what somebody has before them, the deeds are its commands, and only `panes`, `dialogs`, `start_screen`
and `app` know that there is a screen.
"""

from .start import Start, run

__all__ = ["Start", "run"]
