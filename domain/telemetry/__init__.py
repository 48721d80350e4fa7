"""What chargers measure: readings, their corrections, and roll-ups that are exactly what recomputing them gives."""
