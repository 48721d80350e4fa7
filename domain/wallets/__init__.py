"""What contacts have to their credit with an entity."""
