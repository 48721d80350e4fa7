"""What lies ahead: the backlog with the earliest day of each visit, and what would be if."""
