"""The locator of addresses: one per database, so that all requests share its cache, rate limit and breaker."""

from weakref import WeakKeyDictionary

from api.context import Context
from domain.geo.locate import Locator
from tenants.engine import Database

_LOCATORS: WeakKeyDictionary[Database, Locator] = WeakKeyDictionary()


def locator_of(context: Context) -> Locator:
    """Locates addresses. It opens transactions of its own: call it before `write()` or `system()`."""
    found = _LOCATORS.get(context.database)
    if found is None:
        found = _LOCATORS[context.database] = Locator.from_settings(context.database, context.settings)
    return found
