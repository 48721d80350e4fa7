"""Mail of partners that comes in: kept as it came, read, and what was read looked at where it is in doubt."""
