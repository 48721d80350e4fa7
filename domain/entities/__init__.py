"""Business entities and the brands under which they meet the world."""
