"""How rooms are entered: by link, by name, by two alone, again from what is kept; and the seat that each one takes."""
