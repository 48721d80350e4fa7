"""Visits and the teams that make them."""
