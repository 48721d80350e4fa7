"""What the benchmark of money is made of."""
