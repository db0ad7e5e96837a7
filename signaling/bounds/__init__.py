"""How much anybody may ask, hold and send: paces and counts, by user, address and peer."""
