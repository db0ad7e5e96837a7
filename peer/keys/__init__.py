"""Keys that outlive a link: those of a room and its invites, and what is sealed with them or rests on a disk.

Pure, like `crypto`, whose labels and identities it uses. Import the modules, not the package.
"""

from __future__ import annotations

__all__: list[str] = []
