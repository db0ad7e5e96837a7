"""QR codes of invite links and verification codes, for terminals and pages. `segno` is imported late: 20 ms."""

from __future__ import annotations

import io

__all__ = ["qr_svg", "qr_terminal"]


def qr_terminal(text: str) -> str:
    """Lines of half blocks, two rows of the code each, with the quiet zone that scanners need."""
    import segno

    lines = io.StringIO()
    segno.make_qr(text, error="l", boost_error=False).terminal(lines, border=2, compact=True)
    return lines.getvalue().rstrip("\n")


def qr_svg(text: str) -> str:
    """An SVG document without a size of its own, to stand in a page or a file."""
    import segno

    picture = io.BytesIO()
    segno.make_qr(text, error="m").save(picture, kind="svg", xmldecl=False, omitsize=True, border=4)
    return picture.getvalue().decode()
