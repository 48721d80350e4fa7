"""What there is to export and to import."""
