"""A world to look around in: five entities with partners, customers, leads, quotes, signatures, orders and visits."""

from chargecars.demo.load import DemoRefused, Loaded, load
from chargecars.demo.people import LOGINS, Login

__all__ = ["DemoRefused", "Loaded", "Login", "load", "logins"]


def logins() -> tuple[Login, ...]:
    """The logins worth printing; every one has the same password."""
    return LOGINS
