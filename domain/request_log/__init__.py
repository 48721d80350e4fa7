"""What keys and applications asked in the last days, without secrets and personal data."""
