"""Who still uses what the API is going to lose."""
