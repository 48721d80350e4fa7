"""The command line, `python -m chargecars …`, and the embedded stack it starts."""
