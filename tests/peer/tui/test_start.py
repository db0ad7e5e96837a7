import subprocess
import sys

from peer.errors import PeerError
from peer.tui.start import fault_of


def test_textual_is_loaded_by_running_alone() -> None:
    """`--help` and the line chat do not pay for it."""
    code = "import sys, peer.tui; print('textual' in sys.modules, 'aiortc' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        == "False False\n"
    )


def test_a_defect_is_a_sentence() -> None:
    """Without what the program held, which may be secret."""
    assert fault_of(None) is None
    fault = fault_of(KeyError("secret"))
    assert isinstance(fault, PeerError)
    assert "KeyError" in str(fault)
    assert "secret" not in str(fault)
