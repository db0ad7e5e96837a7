"""Refusals of what a request is."""

from signaling.errors import BodyTooLarge, InvalidBody, InvalidQuery, MalformedJson, MethodNotAllowed, RequestTimeout


def test_the_reason_stands_in_the_sentence() -> None:
    """A client can mend its code by it."""
    assert "trailing comma" in MalformedJson("trailing comma").message
    assert "`$.to`" in InvalidBody("missing field `$.to`").message
    assert "'wait'" in InvalidQuery("wait", "a number from 0 to 25").message


def test_facts_are_attributes() -> None:
    """And the sentence is built from them."""
    assert MethodNotAllowed("PUT", ("GET", "POST")).allowed == ("GET", "POST")
    assert BodyTooLarge(65536).limit_bytes == 65536
    assert RequestTimeout(10).limit_s == 10
