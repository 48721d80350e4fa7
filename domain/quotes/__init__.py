"""Dual quotes: one set of lines, a payer for each, and to each party only its own."""
