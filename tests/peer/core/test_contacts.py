"""The bounded table of those we know of."""

from peer.core.contact import Contact
from peer.core.contacts import Contacts
from peer.ids import PeerId

US = PeerId("us")


def table(*peers: str, limit: int = 2) -> Contacts:
    contacts = Contacts(our_id=US, limit=limit)
    for peer in peers:
        contacts.name(PeerId(peer))
    return contacts


def named(contacts: Contacts, peer: str) -> Contact:
    contact = contacts.get(PeerId(peer))
    assert contact is not None
    return contact


def peers(contacts: Contacts) -> list[str]:
    return [contact.peer for contact in contacts]


def test_peer_is_known_once() -> None:
    """However often the server names it, or it signals."""
    contacts = table("ann")
    assert contacts.name(PeerId("ann")) is contacts.hear(PeerId("ann")) is contacts.get(PeerId("ann"))
    assert len(contacts) == 1


def test_we_are_no_contact_of_ours() -> None:
    """Neither by a server that names us to ourselves, nor by a signal under our id."""
    contacts = table()
    assert contacts.name(US) is contacts.hear(US) is None
    full = table("ann", "bob")
    assert full.name(US) is None
    assert full.next_waiting() is None


def test_peer_named_to_a_full_table_waits_for_a_place() -> None:
    """A place comes with a departure."""
    contacts = table("ann", "bob", "carol")
    assert peers(contacts) == ["ann", "bob"]
    assert contacts.peers() == {"ann", "bob", "carol"}
    assert contacts.next_waiting() is None
    assert contacts.forget(PeerId("ann"))
    assert not contacts.forget(PeerId("ann"))
    assert contacts.next_waiting() is contacts.get(PeerId("carol"))
    assert contacts.next_waiting() is None


def test_peer_that_left_waits_no_longer() -> None:
    """The server takes back what it said."""
    contacts = table("ann", "bob", "carol")
    contacts.unname(PeerId("carol"))
    contacts.forget(PeerId("ann"))
    assert contacts.next_waiting() is None


def test_silent_peer_that_failed_gives_way_for_good() -> None:
    """It had its chance, and may still offer to us."""
    contacts = table("ghost", "bob")
    named(contacts, "ghost").tries = 1
    assert contacts.name(PeerId("carol")) is not None
    assert [contact.peer for contact in contacts.take_displaced()] == ["ghost"]
    assert contacts.take_displaced() == []
    contacts.forget(PeerId("bob"))
    assert contacts.next_waiting() is None


def test_peer_whose_offer_opened_takes_the_place_of_a_silent_one() -> None:
    """Which waits, since it did not fail yet; with all places taken by those who signalled, nobody gives way."""
    contacts = table("ghost", "bob")
    named(contacts, "bob").has_signalled = True
    carol = contacts.hear(PeerId("carol"))
    assert carol is not None
    carol.has_signalled = True
    assert peers(contacts) == ["bob", "carol"]
    assert contacts.hear(PeerId("dora")) is None
    contacts.forget(PeerId("bob"))
    assert contacts.next_waiting() is contacts.get(PeerId("ghost"))


def test_absent_peer_that_gives_way_does_not_wait() -> None:
    """The server said that it left while an attempt was under way."""
    contacts = table("ghost", limit=1)
    named(contacts, "ghost").present = False
    assert contacts.hear(PeerId("carol")) is not None
    contacts.forget(PeerId("carol"))
    assert contacts.next_waiting() is None


def test_line_of_those_who_wait_is_bounded() -> None:
    """A server that names peers without end; neither do those who give way make it longer."""
    contacts = table(*(f"ghost{number}" for number in range(5000)), limit=1)
    assert contacts.hear(PeerId("carol")) is not None
    contacts.clear()
    contacts = table(*(f"ghost{number}" for number in range(5000)), limit=1)
    named(contacts, "ghost0").tries = 1
    count = 0
    while contact := contacts.next_waiting():
        contact.tries = 1
        count += 1
    assert count == 4096
    assert len(contacts) == 1
