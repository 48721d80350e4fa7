"""Answers kept for repeated requests: one key, one execution."""
