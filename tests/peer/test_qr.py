"""QR codes for terminals and pages."""

from __future__ import annotations

from xml.etree import ElementTree

from peer.core.safety import encode_code
from peer.qr import qr_svg, qr_terminal

from ..support.keys import identity

CODE = encode_code(ours=identity("ann").member_id, theirs=identity("ben").member_id)


def test_code_fits_a_terminal() -> None:
    """No more than 80 columns and 24 lines, all of the same width, in half blocks."""
    lines = qr_terminal(CODE).split("\n")
    assert len(lines) <= 24
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(lines[0]) <= 80
    assert set("".join(lines)) <= set("█▀▄ ")


def test_code_fits_a_page() -> None:
    """One SVG element that takes the size it is given, and quotes nothing of what it says."""
    drawing = ElementTree.fromstring(qr_svg(CODE))  # noqa: S314 - our own
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert ("viewBox" in drawing.attrib, "width" in drawing.attrib) == (True, False)
    assert "speaktube" not in qr_svg(CODE)
