"""Invoicing what was bought beforehand without anybody asking: packs by their events, the rest month by month."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.jobs.service import enqueue
from domain.ledger.posting import today
from domain.tariffs import invoicing

QUEUE = "billing"
PACK, GIVEN_BACK, MONTH = "tariffs.invoice_pack", "tariffs.credit_pack", "tariffs.invoice_month"
_BY_EVENT = {"energy_pack.bought": PACK, "energy_pack.cancelled": GIVEN_BACK}
EVENTS = frozenset(_BY_EVENT)


async def react(session: AsyncSession, event: Event) -> None:
    """Ask for the invoice of a pack, or the credit note of one that was given back."""
    wanted, key = {"pack_id": event.subject_id}, str(event.subject_id)
    await enqueue(session, _BY_EVENT[event.type], wanted, key=key, queue=QUEUE, entity_id=event.entity_id)


async def invoice_pack(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Invoice one pack."""
    await invoicing.invoice_pack(session, UUID(str(arguments["pack_id"])))


async def credit_pack(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Credit one pack; where the job that invoices it comes later, that finds it given back."""
    await invoicing.credit_pack(session, UUID(str(arguments["pack_id"])))


async def invoice_month(session: AsyncSession, arguments: Mapping[str, Any]) -> None:
    """Invoice one month of a contact."""
    entity_id, contact_id = (UUID(str(arguments[name])) for name in ("entity_id", "contact_id"))
    month = date.fromisoformat(str(arguments["month"]))
    await invoicing.invoice_month(session, invoicing.Month(entity_id, contact_id, month))


WORK = {PACK: invoice_pack, GIVEN_BACK: credit_pack, MONTH: invoice_month}
"""By name of the job."""


async def ask_for_months(session: AsyncSession) -> int:
    """Ask for the invoices of months that are over; how many. For the system."""
    day = today()
    found = await invoicing.waiting(session, day)
    for each in found:
        wanted = {"entity_id": each.entity_id, "contact_id": each.contact_id, "month": each.month}
        key = f"{each.entity_id}:{each.contact_id}:{each.month}:{day}"
        await enqueue(session, MONTH, wanted, key=key, queue=QUEUE, entity_id=each.entity_id)
    return len(found)
