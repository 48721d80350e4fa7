"""The database's schema, in order."""
