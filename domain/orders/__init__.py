"""Orders: from the last signature to completed work."""
