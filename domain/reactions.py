"""What the domain does when something has happened: every reaction to events, in the order in which they are followed.

    Reaction("notifications", frozenset(causes.CAUSES), causes.react)

workers/reactions.py follows the log with each of them; a preview runs them in the transaction that is rolled back, so
what a reaction does beside writing rows in its session would be neither undone nor foreseen. `FORESEEN` are the jobs
whose work a preview does too: those that change what the business has to know, and are rows alone.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting import collecting as accounting
from domain.charging_bills import reactions as charging_bills
from domain.commissions import reactions as commissions
from domain.days import reactions as days
from domain.documents import reactions as documents
from domain.events.models import Event
from domain.health import reactions as health
from domain.invoices import reactions as invoices
from domain.ledger import executing
from domain.notifications import causes
from domain.onboarding import reactions as onboarding
from domain.orders import following
from domain.partner_management import reactions as partner_management
from domain.partner_orders import reactions as partner_orders
from domain.payments import reactions as payments
from domain.sessions import reactions as sessions
from domain.tariffs import reactions as tariffs
from domain.webhooks import deliveries

React: TypeAlias = Callable[[AsyncSession, Event], Awaitable[None]]
Work: TypeAlias = Callable[[AsyncSession, Mapping[str, Any]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Reaction:
    """`types` are the event types that it wants, None for all. Its name is kept: a new name begins anew.

    What happens in a sandbox is none of its business unless `in_sandboxes`: nothing there is planned or billed.
    """

    name: str
    types: frozenset[str] | None
    react: React
    in_sandboxes: bool = False


async def _make_deliveries(session: AsyncSession, event: Event) -> None:
    """A delivery for each endpoint that subscribes to the event."""
    await deliveries.create_for(session, event)


WEBHOOKS = Reaction("webhooks", None, _make_deliveries, in_sandboxes=True)
REACTIONS: tuple[Reaction, ...] = (
    WEBHOOKS,
    Reaction("orders", following.EVENTS, following.react),
    Reaction("notifications", frozenset(causes.CAUSES), causes.react, in_sandboxes=True),
    Reaction("days", days.TYPES, days.react),
    Reaction("documents", documents.TYPES, documents.react),
    Reaction("invoices", invoices.EVENTS, invoices.react),
    Reaction("commissions", commissions.TYPES, commissions.react),
    Reaction("intercompany", executing.EVENTS, executing.react),
    Reaction("payments", payments.EVENTS, payments.react),
    Reaction("accounting", accounting.EVENTS, accounting.react),
    Reaction("charging_bills", charging_bills.EVENTS, charging_bills.react),
    Reaction("health", health.EVENTS, health.react),
    Reaction("sessions", sessions.EVENTS, sessions.react),
    Reaction("tariffs", tariffs.EVENTS, tariffs.react),
    Reaction("onboarding", onboarding.EVENTS, onboarding.react),
    Reaction("partner_orders", partner_orders.EVENTS, partner_orders.react, in_sandboxes=True),
    Reaction("partner_management", partner_management.EVENTS, partner_management.react),
)

FORESEEN: dict[str, Work] = {**invoices.WORK, **charging_bills.WORK, **tariffs.WORK}
"""By name of a job: the function of the domain that it calls, with the job's arguments."""
