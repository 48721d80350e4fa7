"""Which VAT a line bears, and why."""
