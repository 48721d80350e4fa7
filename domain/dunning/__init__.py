"""Reminding payers of what is due, by policy, and telling them how their account stands."""
