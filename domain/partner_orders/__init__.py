"""Orders of partners: taken in once, by whatever way they come, and what of them a person has to look at."""
