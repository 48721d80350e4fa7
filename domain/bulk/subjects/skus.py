"""A partner's article numbers from a file: `{"partner_sku", "sku", "quantity"}`; `sku` null ends one."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk.errors import ChangedSince
from domain.bulk.models import BulkOperation
from domain.bulk.subjects.importing import NUMBER, TEXT, Line, Made, partner_of, refuse_unknown
from domain.catalog import service, values
from domain.catalog.models import PartnerSku
from domain.contacts.addresses import Locates
from domain.errors import Faults, WrongType
from tenants.acting import acting_as
from tenants.actor import Actor

_FIELDS = ("partner_sku", "sku", "quantity")
_EXPORTED = ("organization", "name")
"""Fields of an export that an import passes over: they follow from the others."""


@dataclass(frozen=True, slots=True)
class Ready:
    partner_sku: str
    sku: str | None
    quantity: Decimal


async def prepared(_locator: Locates, given: Mapping[str, Any]) -> Ready:
    """Raises every fault at once."""
    with Faults() as faults:
        refuse_unknown(faults, given, (*_FIELDS, *_EXPORTED))
        partner_sku = faults.take(_sku, given.get("partner_sku"), "partner_sku")
        sku = faults.take(_sku, given["sku"], "sku") if given.get("sku") is not None else None
        quantity = faults.take(_quantity, given.get("quantity", 1), "quantity")
    assert partner_sku is not None
    assert quantity is not None
    return Ready(partner_sku, sku, quantity)


async def take(session: AsyncSession, operation: BulkOperation, actor: Actor, line: Line) -> Made:
    """Map, map anew or end; what was there before is kept for taking it back."""
    ready: Ready = line.ready
    partner_id = partner_of(operation)
    async with acting_as(session, actor):
        before = await _state(session, operation.entity_id, partner_id, ready.partner_sku)
        article_id = None
        if ready.sku is not None:
            article_id = (await service.article_by_sku(session, operation.entity_id, ready.sku)).id
        wanted = [str(article_id), str(ready.quantity.normalize())] if article_id else None
        if before == wanted:
            return Made({"outcome": "unchanged", "partner_sku": ready.partner_sku})
        await service.map_partner_sku(
            session, operation.entity_id, partner_id, ready.partner_sku, article_id, ready.quantity
        )
    outcome = "ended" if wanted is None else "updated" if before else "created"
    undo = {"partner_sku": ready.partner_sku, "before": before, "after": wanted}
    return Made({"outcome": outcome, "partner_sku": ready.partner_sku, "sku": ready.sku}, undo)


async def take_back(session: AsyncSession, operation: BulkOperation, actor: Actor, undo: Mapping[str, Any]) -> None:
    """What was mapped before. Raises: ChangedSince."""
    partner_id, partner_sku, before = partner_of(operation), undo["partner_sku"], undo["before"]
    async with acting_as(session, actor):
        if await _state(session, operation.entity_id, partner_id, partner_sku) != undo["after"]:
            raise ChangedSince(field=("partner_sku",))
        article_id, quantity = (UUID(before[0]), Decimal(before[1])) if before else (None, Decimal(1))
        await service.map_partner_sku(session, operation.entity_id, partner_id, partner_sku, article_id, quantity)


async def _state(session: AsyncSession, entity_id: UUID, partner_id: UUID, partner_sku: str) -> list[str] | None:
    """Article and quantity, locked."""
    query = select(PartnerSku.article_id, PartnerSku.quantity).filter_by(
        entity_id=entity_id, organization_id=partner_id, partner_sku=partner_sku
    )
    row = (await session.execute(query.with_for_update())).first()
    return [str(row.article_id), str(row.quantity.normalize())] if row else None


def _sku(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise WrongType(expected=TEXT)
    return values.sku(value)


def _quantity(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WrongType(expected=NUMBER)
    try:
        return values.quantity(Decimal(str(value)))
    except InvalidOperation:
        raise WrongType(expected=NUMBER) from None
