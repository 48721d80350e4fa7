"""Signatures: who agreed to which document, proven by a sealed and chained record."""
