"""From a connection to the package behind it."""

import hashlib
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from domain.accounting.connections import credentials_of
from domain.accounting.mapping import AccountMapping
from domain.accounting.models import AccountingConnection, AccountingPackage
from domain.accounting.packages.asking import Busy, Gate
from domain.accounting.packages.moneybird import Moneybird
from domain.accounting.packages.package import Catalogue, Choice, Package
from domain.accounting.packages.snelstart import Snelstart
from tenants.rate import take
from tenants.settings import Settings


def opened(settings: Settings, connection: AccountingConnection, redis: Redis | None) -> Package:
    """The administration; requests of all processes that share `redis` keep to its limit together."""
    credentials = credentials_of(settings, connection)
    mapping = AccountMapping.of(connection.mapping)
    if connection.package == AccountingPackage.MONEYBIRD:
        gate = _gate(redis, credentials["token"], settings.moneybird_requests_per_5_minutes, 300)
        url = settings.moneybird_url
        return Moneybird(url, credentials["token"], connection.administration, mapping, gate)
    subscription = credentials.get("subscription_key") or settings.snelstart_subscription_key.get_secret_value()
    return Snelstart(
        settings.snelstart_url,
        settings.snelstart_auth_url,
        subscription,
        credentials["client_key"],
        catalogue_of(connection.catalogue),
        mapping,
        _gate(redis, credentials["client_key"], settings.snelstart_requests_per_minute, 60),
    )


def _gate(redis: Redis | None, secret: str, limit: int, seconds: int) -> Gate:
    """One bucket per set of credentials, whoever uses them."""
    bucket = f"accounting:{hashlib.sha256(secret.encode()).hexdigest()[:32]}"

    async def gate() -> None:
        taken = await take(redis, bucket, limit, seconds)
        if not taken.allowed:
            raise Busy(taken.retry_after)

    return gate


def catalogue_of(stored: Mapping[str, Any]) -> Catalogue:
    """What the last test found."""

    def choices(name: str) -> list[Choice]:
        return [Choice(**each) for each in stored.get(name) or []]

    return Catalogue(
        str(stored.get("administration", "")),
        str(stored.get("name", "")),
        choices("accounts"),
        choices("vat_rates"),
        choices("payment_accounts"),
        choices("countries"),
    )


def stored(catalogue: Catalogue) -> dict[str, Any]:
    """The inverse."""
    lists = ("accounts", "vat_rates", "payment_accounts", "countries")
    kept: dict[str, Any] = {name: [each.as_json() for each in getattr(catalogue, name)] for name in lists}
    return kept | {"administration": catalogue.administration, "name": catalogue.name}
