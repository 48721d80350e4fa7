"""Human numbers without gaps."""
