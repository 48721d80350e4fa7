"""The values of an endpoint: each checked by itself, all faults named at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from domain import validation
from domain.errors import Duplicate, Faults, OutOfRange, Required, TooMany
from domain.webhooks import subscriptions
from domain.webhooks.models import WebhookEndpoint
from domain.webhooks.payloads import LONGEST_SELECTION, Renderer
from domain.webhooks.targets import target_of
from tenants.actor import Actor
from tenants.settings import Settings

MOST_CONTACTS = 5
LONGEST_DESCRIPTION = 500
BOUNDS: dict[str, tuple[float, float]] = {
    "attempts": (1, 20),
    "retry_seconds": (1, 3600),
    "retry_factor": (1, 10),
    "retry_longest_seconds": (1, 86_400),
}
"""Of the policy that an endpoint may have for itself."""


@dataclass(frozen=True)
class Checks:
    """What checking needs: the settings, the compiler of selections, and as whom they are read."""

    settings: Settings
    renderer: Renderer
    owner: Actor

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values in their normal form, by column. Raises: DomainError, DomainErrors."""
        faults = Faults()
        found: dict[str, Any] = {}
        with faults:
            for name, value in given.items():
                with faults.at():
                    found[name] = self._check(name)(value)
        return found

    def _check(self, name: str) -> Callable[[Any], Any]:
        if name in BOUNDS:
            return partial(_bounded, name)
        checks: dict[str, Callable[[Any], Any]] = {
            "url": self._url,
            "event_types": self._types,
            "selection": self._selection,
            "description": _description,
            "contact_emails": _contacts,
            "mail_fallback": _flag,
        }
        return checks[name]

    def _url(self, url: str | None) -> str:
        if not url:
            raise Required(field=("url",))
        target_of(url, self.settings)
        return url

    def _types(self, patterns: Sequence[str] | None) -> list[str]:
        internal = self.owner.organization_id is None
        return subscriptions.checked(patterns if patterns is not None else subscriptions.DEFAULT, internal=internal)

    def _selection(self, selection: str | None) -> str | None:
        kept = validation.optional(partial(validation.text, maximum=LONGEST_SELECTION), selection, "selection")
        if kept is not None:
            self.renderer.check(kept, self.owner)
        return kept


def policy_fits(endpoint: WebhookEndpoint) -> None:
    """The first wait is not longer than the longest, where the endpoint has both for itself. Raises: OutOfRange."""
    first, longest = endpoint.retry_seconds, endpoint.retry_longest_seconds
    if first is not None and longest is not None and first > longest:
        raise OutOfRange(minimum=1, maximum=longest, field=("retry_seconds",))


def _bounded(name: str, value: float | None) -> float | None:
    minimum, maximum = BOUNDS[name]
    if value is not None and not minimum <= value <= maximum:
        raise OutOfRange(minimum=minimum, maximum=maximum, field=(name,))
    return value


def _flag(value: bool | None) -> bool:
    if value is None:
        raise Required(field=("mail_fallback",))
    return value


def _description(value: str | None) -> str:
    return validation.optional(partial(validation.name, maximum=LONGEST_DESCRIPTION), value, "description") or ""


def _contacts(addresses: Sequence[str] | None) -> list[str]:
    given = list(addresses or ())
    if len(given) > MOST_CONTACTS:
        raise TooMany(maximum=MOST_CONTACTS, field=("contact_emails",))
    found: list[str] = []
    for place, address in enumerate(given):
        kept = validation.email(address, "contact_emails", place)
        if kept in found:
            raise Duplicate(field=("contact_emails", place))
        found.append(kept)
    return found
