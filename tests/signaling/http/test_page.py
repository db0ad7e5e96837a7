"""What a guest with an invite link sees in a browser."""

import base64
import hashlib
import re

from signaling.http.page import PAGE, PAGE_POLICY

from ..support import Meeting


async def test_invite_page_tells_what_to_do(meeting: Meeting) -> None:
    """The command, and that the key stayed in the browser."""
    answer = await meeting.call("GET", "/j")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
    assert "python examples/chat.py" in answer.text
    assert "never seen" in answer.text


def test_invite_page_loads_nothing_and_runs_nothing() -> None:
    """The policy allows the one style sheet, by its hash."""
    assert not re.search(r"<script|src=|href=|url\(|https?:", PAGE)
    style = re.findall(r"<style>(.*)</style>", PAGE, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
