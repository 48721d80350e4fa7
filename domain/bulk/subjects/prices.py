"""Prices of a list from a file: `{"sku", "unit_price_cents", "valid_from"}`, from now on where no time is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk.errors import ChangedSince
from domain.bulk.models import BulkOperation
from domain.bulk.options import Options
from domain.bulk.subjects.importing import CENTS, TEXT, TIME, Line, Made, refuse_unknown
from domain.catalog import service, values
from domain.catalog.models import Price, PriceList
from domain.contacts.addresses import Locates
from domain.errors import Faults, NotFound, WrongType
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor

_FIELDS = ("sku", "unit_price_cents", "valid_from")
_EXPORTED = ("price_list", "list", "currency", "valid_until")
"""Fields of an export that an import passes over: the list is named when the import is asked for."""


@dataclass(frozen=True, slots=True)
class Ready:
    sku: str
    cents: int
    valid_from: datetime | None


async def prepared(_locator: Locates, given: Mapping[str, Any]) -> Ready:
    """Raises every fault at once."""
    with Faults() as faults:
        refuse_unknown(faults, given, (*_FIELDS, *_EXPORTED))
        sku = faults.take(_sku, given.get("sku"), "sku")
        cents = faults.take(_cents, given.get("unit_price_cents"), "unit_price_cents")
        start = faults.take(_time, given.get("valid_from"), "valid_from")
    assert sku is not None
    assert cents is not None
    return Ready(sku, cents, start)


async def take(session: AsyncSession, operation: BulkOperation, actor: Actor, line: Line) -> Made:
    """Set the price; what is the price already stays."""
    ready: Ready = line.ready
    async with acting_as(session, actor):
        price_list = await _list(session, operation)
        article = await service.article_by_sku(session, operation.entity_id, ready.sku)
        before = await _last(session, price_list.id, article.id)
        if before and before.unit_price_cents == ready.cents and ready.valid_from is None:
            return Made({"outcome": "unchanged", "sku": ready.sku})
        made = await service.set_price(session, price_list.id, article.id, ready.cents, ready.valid_from)
    undo = {
        "price_id": str(made.id),
        "article_id": str(article.id),
        "before": before.unit_price_cents if before else None,
    }
    result = {"outcome": "updated" if before else "created", "sku": ready.sku, "unit_price_cents": ready.cents}
    return Made(result, undo)


async def take_back(session: AsyncSession, operation: BulkOperation, actor: Actor, undo: Mapping[str, Any]) -> None:
    """The price before from now on; what was asked meanwhile stays in the history. Raises: ChangedSince."""
    article_id = UUID(undo["article_id"])
    async with acting_as(session, actor):
        price_list = await _list(session, operation)
        last = await _last(session, price_list.id, article_id)
        if last is None or str(last.id) != undo["price_id"]:
            raise ChangedSince(field=("sku",))
        if undo["before"] is None:
            await service.end_price(session, price_list.id, article_id)
        else:
            await service.set_price(session, price_list.id, article_id, undo["before"], None)


async def _list(session: AsyncSession, operation: BulkOperation) -> PriceList:
    id = Options.read(operation.options).price_list_id
    if id is None:
        raise NotFound(field=("price_list_id",))
    found = await find(session, PriceList, id, lock=True, field=("price_list_id",))
    if found.entity_id != operation.entity_id:
        raise NotFound(field=("price_list_id",))
    return found


async def _last(session: AsyncSession, price_list_id: UUID, article_id: UUID) -> Price | None:
    """The price that has no end."""
    query = select(Price).where(
        Price.price_list_id == price_list_id, Price.article_id == article_id, func.upper_inf(Price.valid)
    )
    return (await session.scalars(query)).one_or_none()


def _sku(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise WrongType(expected=TEXT)
    return values.sku(value)


def _cents(value: Any) -> int:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise WrongType(expected=CENTS)
    return values.cents(value)


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise WrongType(expected=TIME)
    return found
