"""What would happen: the rows a transaction has changed and what follows from them, before it is rolled back."""
