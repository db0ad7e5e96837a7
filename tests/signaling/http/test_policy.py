"""What a page of ours may do in a browser."""

from signaling.http.policy import policy_for


def test_page_may_use_its_style_and_nothing_else() -> None:
    """CSP level 3: a style is named by its hash; all that is not named is forbidden."""
    policy = policy_for("body{}")
    assert policy == (
        "default-src 'none'; style-src 'sha256-fJgEClQWV1hGkK4qHMO0KotTsVnMYMXTq7/suurGyUo='; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
