"""The audit trail as a file: who changed what, when, from what to what."""
