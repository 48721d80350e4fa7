"""Chargers: what they are, how they prove who they are, whether they are connected, what was refused of them."""
