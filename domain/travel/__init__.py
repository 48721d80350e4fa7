"""How long a drive takes: a routing service where one is configured, else an estimate from the great circle."""

from domain.travel.estimate import distances, estimate

__all__ = ["distances", "estimate"]
