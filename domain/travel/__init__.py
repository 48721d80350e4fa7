"""How long a drive takes: a routing service where one is configured, else an estimate from the great circle."""

from domain.travel.estimate import distances, estimate
from domain.travel.matrix import Matrix, Travel, travel_of

__all__ = ["Matrix", "Travel", "distances", "estimate", "travel_of"]
