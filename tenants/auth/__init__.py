"""Proving who somebody is: passwords, codes, tokens, keys, other identity providers."""
