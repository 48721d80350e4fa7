"""Invoices: what is billed to whom, once, under numbers without gaps."""
