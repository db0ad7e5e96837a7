"""What all refusals share."""

from signaling.errors import MalformedJson, NotFound


def test_a_refusal_says_its_own_sentence() -> None:
    """Where no facts are needed."""
    assert NotFound().message == NotFound.sentence == "There is nothing at this address."


def test_a_refusal_may_be_given_facts() -> None:
    """And its sentence is built from them."""
    assert MalformedJson("number 3 is odd").message.endswith(": number 3 is odd.")
