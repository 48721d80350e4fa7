"""What past orders would have earned everybody under another tree or other terms. Reads, and writes nothing.

Both sides are computed anew from the orders: levels, kickback per order and caps. What depends on what happened since
(credits, bonuses by figures, penalties) is the same on both sides and left out.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_book import Book, InForce, book
from domain.agreements.commission_terms import CommissionPeriod, Terms
from domain.commissions.accruing import Ordered, placed, shares_of
from domain.commissions.errors import SpanTooLong, TreeCircle
from domain.commissions.months import begins
from domain.contacts.models import Contact, ContactType
from domain.errors import NotFound, OutOfRange
from domain.rows import find
from tenants.models import BusinessEntity

MOST_MONTHS = 24
MOST_CHANGES = 100


@dataclass(frozen=True, slots=True)
class Change:
    """Another world: `moves` gives organizations another parent (None: none), `terms` holds for a partner or, at
    None, as the entity's standard."""

    moves: Mapping[UUID, UUID | None] = field(default_factory=dict)
    terms: Mapping[UUID | None, Terms] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """Cents of one beneficiary, as it is and as it would be."""

    beneficiary_id: UUID
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Simulated:
    orders: int
    currency: str
    differences: list[Difference]


async def simulate(session: AsyncSession, entity_id: UUID, first: date, after: date, change: Change) -> Simulated:
    """The difference over the orders placed from the first day up to, not including, the last; largest first.

    For staff. Raises: NotFound, OutOfRange, SpanTooLong, TreeCircle.
    """
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    _check_span(first, after)
    chains = await _chains(session, change)
    orders = await placed(session, entity_id, begins(first), begins(after))
    now = await book(session, entity_id)
    differences = await asyncio.to_thread(_compare, orders, now, change, chains)
    return Simulated(len(orders), entity.currency, differences)


def _check_span(first: date, after: date) -> None:
    if after <= first:
        raise OutOfRange(minimum=first.isoformat(), maximum="9999-12-31", field=("until",))
    if (after.year - first.year) * 12 + after.month - first.month > MOST_MONTHS:
        raise SpanTooLong(months=MOST_MONTHS, field=("until",))


async def _chains(session: AsyncSession, change: Change) -> dict[UUID, tuple[UUID, ...]]:
    """The present chains of what is moved or moved below; refuses what is no organization, and circles."""
    named = {*change.moves, *(parent for parent in change.moves.values() if parent), *filter(None, change.terms)}
    query = select(Contact.id, Contact.chain_organization_ids).where(
        Contact.id.in_(named), Contact.contact_type == ContactType.ORGANIZATION.value
    )
    chains = {row.id: tuple(row.chain_organization_ids) for row in await session.execute(query)}
    for place, (child, parent) in enumerate(change.moves.items()):
        for name, id in (("organization_id", child), ("parent_id", parent)):
            if id is not None and id not in chains:
                raise NotFound(field=("moves", place, name))
        moved(chains[child], change.moves, chains, place)
    for place, id in enumerate(change.terms):
        if id is not None and id not in chains:
            raise NotFound(field=("terms", place, "organization_id"))
    return chains


def moved(
    chain: Sequence[UUID],
    moves: Mapping[UUID, UUID | None],
    chains: Mapping[UUID, Sequence[UUID]],
    place: int = 0,
    below: frozenset[UUID] = frozenset(),
) -> tuple[UUID, ...]:
    """A chain (root first) in the other tree: what is above the lowest that moves is its new parent's chain.

    Raises TreeCircle at the move's place.
    """
    for position in range(len(chain) - 1, -1, -1):
        if (child := chain[position]) in moves:
            if child in below:
                raise TreeCircle(field=("moves", place, "parent_id"))
            parent = moves[child]
            above = moved(chains[parent], moves, chains, place, below | {child}) if parent else ()
            return (*above, *chain[position:])
    return tuple(chain)


def _compare(
    orders: Sequence[Ordered], now: Book, change: Change, chains: Mapping[UUID, Sequence[UUID]]
) -> list[Difference]:
    other = now
    for organization_id, terms in change.terms.items():
        other = other.replaced(organization_id, terms)
    changed = [_elsewhere(order, moved(order.chain, change.moves, chains)) for order in orders]
    before, after = totals(orders, now), totals(changed, other)
    found = [Difference(id, before.get(id, 0), after.get(id, 0)) for id in {**before, **after}]
    return sorted(found, key=lambda one: (-abs(one.after - one.before), one.beneficiary_id))


def _elsewhere(order: Ordered, chain: tuple[UUID, ...]) -> Ordered:
    return Ordered(order.id, order.entity_id, chain, order.placed_at, order.currency, order.nets)


def totals(orders: Iterable[Ordered], terms: Book) -> dict[UUID, int]:
    """Cents per beneficiary over orders, each month and each year capped as agreed."""
    months: dict[tuple[UUID, UUID | None, date], int] = {}
    held_by: dict[tuple[UUID | None, date], InForce] = {}
    for order in orders:
        held = terms.find(order.chain, order.placed_at)
        held_by[held.organization_id, order.month] = held
        for share in shares_of(order, held):
            key = (share.beneficiary_id, held.organization_id, order.month)
            months[key] = months.get(key, 0) + share.amount.cents
    return _capped(months, held_by)


def _capped(
    months: Mapping[tuple[UUID, UUID | None, date], int], held_by: Mapping[tuple[UUID | None, date], InForce]
) -> dict[UUID, int]:
    years: dict[tuple[UUID, UUID | None, date], int] = {}
    cap_of: dict[tuple[UUID | None, date], int | None] = {}
    for (beneficiary, organization, month), cents in sorted(months.items(), key=lambda item: item[0][2]):
        caps, year = held_by[organization, month].terms.caps, CommissionPeriod.YEAR.of(month)[0]
        cap_of[organization, year] = caps.year_cents
        key = (beneficiary, organization, year)
        years[key] = years.get(key, 0) + _at_most(cents, caps.month_cents)
    sums: dict[UUID, int] = {}
    for (beneficiary, organization, year), cents in years.items():
        sums[beneficiary] = sums.get(beneficiary, 0) + _at_most(cents, cap_of[organization, year])
    return sums


def _at_most(cents: int, cap: int | None) -> int:
    return cents if cap is None else min(cents, cap)
