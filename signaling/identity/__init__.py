"""Who somebody is: users' JWTs and where their keys come from, tokens of rooms, attestations of identity keys."""
