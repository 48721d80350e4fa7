"""Organizations and persons: one record across all business entities, with a relation to each."""
