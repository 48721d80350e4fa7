"""What a portal's first page counts."""
