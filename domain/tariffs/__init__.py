"""What charging costs: tariffs and their versions, exact prices, and what customers have bought beforehand."""
