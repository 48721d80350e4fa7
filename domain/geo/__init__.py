"""Where an address is, and how exactly that is known."""
