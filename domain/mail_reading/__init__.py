"""How an order is read from a mail: its parts as text, fields with their place and how far they can be trusted."""
