"""What stops the server before it serves."""

from signaling.errors import AddressInUse, BadSetting, StoreUnusable


def test_address_in_use_names_the_setting() -> None:
    """What the operator is to change."""
    assert "SIGNALING_PORT" in str(AddressInUse("h", 1, "in use"))


def test_a_bad_setting_has_the_exit_code_of_bad_usage() -> None:
    """As argparse has it; everything else is 1."""
    assert (BadSetting.exit_code, StoreUnusable.exit_code, AddressInUse.exit_code) == (2, 1, 1)
