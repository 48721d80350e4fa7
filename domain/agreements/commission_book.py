"""Which commission terms hold for whom and when, and agreeing new ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_terms import STANDARD, Terms, as_json
from domain.agreements.events import StandardCommissionSaved
from domain.agreements.models import Agreement, CommissionTerms
from domain.agreements.parsing import parse
from domain.events.record import record
from domain.rows import find
from tenants.base import moment
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class InForce:
    """Terms and where they stand; without ids the platform's standard."""

    terms: Terms
    id: UUID | None = None
    agreement_id: UUID | None = None
    organization_id: UUID | None = None
    """With whom they are agreed; None: the entity's or the platform's standard."""
    valid: Range[datetime] | None = None

    def holds(self, at: datetime) -> bool:
        return self.valid is None or at in self.valid

    def overlaps(self, first: datetime, until: datetime) -> bool:
        """Whether they hold at some moment from the first up to and including the last."""
        if self.valid is None:
            return True
        if self.valid.isempty:
            return False
        lower, upper = self.valid.lower, self.valid.upper
        return (lower is None or lower <= until) and (upper is None or upper > first)

    def since(self) -> datetime:
        """From when they hold; the beginning of time where that is always."""
        return self.valid.lower if self.valid and self.valid.lower else datetime.min.replace(tzinfo=UTC)


PLATFORM = InForce(STANDARD)


class Book:
    """The commission terms of one entity over time, to be looked up for many orders."""

    def __init__(self, kept: Iterable[InForce]) -> None:
        self._with: dict[UUID | None, list[InForce]] = {}
        for one in kept:
            self._with.setdefault(one.organization_id, []).append(one)

    def find(self, chain: Sequence[UUID], at: datetime) -> InForce:
        """The terms with the nearest organization of a chain (root first); else the entity's; else the platform's."""
        for organization_id in (*reversed(chain), None):
            for one in self._with.get(organization_id, ()):
                if one.holds(at):
                    return one
        return PLATFORM

    def agreed(self, at: datetime) -> list[InForce]:
        """All that are agreed with a partner and in force at a time."""
        return [one for key, kept in self._with.items() if key is not None for one in kept if one.holds(at)]

    def last(self, first: datetime, until: datetime) -> list[InForce]:
        """Of each partner, and of the entity's standard, the last terms in force between two moments."""
        found = [[one for one in kept if one.overlaps(first, until)] for kept in self._with.values()]
        return [max(kept, key=InForce.since) for kept in found if kept]

    def replaced(self, organization_id: UUID | None, terms: Terms) -> "Book":
        """This book, as if the terms had always been those with a partner, or the entity's where none is named."""
        others = [one for key, kept in self._with.items() if key != organization_id for one in kept]
        return Book([*others, InForce(terms, organization_id=organization_id)])


async def book(session: AsyncSession, entity_id: UUID, organizations: Iterable[UUID] | None = None) -> Book:
    """The terms of an entity: all of them, or those that may hold for the named organizations."""
    query = select(CommissionTerms).where(CommissionTerms.entity_id == entity_id)
    if organizations is not None:
        named = CommissionTerms.organization_id.in_(list(organizations))
        query = query.where(or_(named, CommissionTerms.organization_id.is_(None)))
    return Book(_in_force(row) for row in (await session.execute(query)).scalars())


def _in_force(row: CommissionTerms) -> InForce:
    return InForce(parse(row.terms), row.id, row.agreement_id, row.organization_id, row.valid)


async def agree(session: AsyncSession, agreement: Agreement, given: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The terms of a new agreement: those of `commission`, none where that is null, as before where it is left out.

    What has changed, for the log.
    """
    wanted = given.get("commission")
    terms = as_json(parse(wanted)) if wanted is not None else None
    before = await _end(session, agreement.entity_id, agreement.organization_id, agreement.valid.lower)
    after = terms if "commission" in given else before
    if after is not None:
        _add(session, agreement.entity_id, agreement.valid, after, agreement.id, agreement.organization_id)
    await session.flush()
    return {"commission": [before, after]} if "commission" in given else {}


async def save_standard(session: AsyncSession, entity_id: UUID, given: Mapping[str, Any] | None) -> InForce:
    """What commission an entity pays from now on where nothing is agreed; null: the platform's standard (5/3/2).

    Raises: NotFound, InvalidInput or DomainErrors at `commission`.
    """
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    terms = as_json(parse(given, with_partner=False)) if given is not None else None
    now = datetime.now(UTC)
    before = await _end(session, entity_id, None, now)
    if terms is not None:
        _add(session, entity_id, Range(now, None), terms)
    changes = {"commission": [before, terms]}
    await record(session, StandardCommissionSaved(), entity_id=entity_id, subject_id=entity_id, changes=changes)
    return (await book(session, entity_id, ())).find((), now)


def _add(
    session: AsyncSession,
    entity_id: UUID,
    valid: Range[datetime],
    terms: dict[str, Any],
    agreement_id: UUID | None = None,
    organization_id: UUID | None = None,
) -> None:
    session.add(
        CommissionTerms(
            entity_id=entity_id, valid=valid, terms=terms, agreement_id=agreement_id, organization_id=organization_id
        )
    )


async def _end(
    session: AsyncSession, entity_id: UUID, organization_id: UUID | None, at: datetime | None
) -> dict[str, Any] | None:
    """End what is in force at a time; its terms."""
    query = select(CommissionTerms).where(
        CommissionTerms.entity_id == entity_id,
        CommissionTerms.organization_id.is_not_distinct_from(organization_id),
        CommissionTerms.valid.op("@>")(moment(at or datetime.now(UTC))),
    )
    current = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if current is None:
        return None
    current.valid = Range(current.valid.lower, at)
    await session.flush()
    return current.terms


async def named(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Terms]:
    """Terms by their ids."""
    rows = await session.execute(
        select(CommissionTerms.id, CommissionTerms.terms).where(CommissionTerms.id.in_(list(ids)))
    )
    return {row.id: parse(row.terms) for row in rows}
