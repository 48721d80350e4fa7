"""The figures that bonuses and penalties depend on; each is of a partner's whole subtree, as the tree was.

ORDERS             orders placed in the span and not cancelled
NET_AMOUNT         net amount without VAT of their commissionable lines, in whole units of the currency (euros)
FIRST_TIME_RIGHT   percent of the visits finished in the span, follow-ups left out, whose outcome is COMPLETED
CONVERSION         percent of the quotes sent in the span that have an order (Decision 5: a cohort, at most 100)
CANCELLATION_RATE  percent of the orders placed in the span that are cancelled
LATE_LEADS         percent of the leads that came in in the span and are not disqualified, whose intake was not
                   completed within the agreed hours; leads whose hours are not over yet are left out
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_terms import Bonus, BonusMetric, Penalty, PenaltyMetric, Terms
from domain.catalog.models import ArticleCategory
from domain.money import Money, part_of


@dataclass(frozen=True, slots=True)
class Figure:
    """How many things are behind a figure, and the figure."""

    count: int
    exact: Fraction

    @property
    def shown(self) -> Decimal:
        """Two decimals, half up."""
        hundredths = part_of(Money(1), self.exact.numerator * 100, self.exact.denominator).cents
        return Decimal(hundredths).scaleb(-2)


_SUBTREE = "{0}.entity_id = :entity_id AND {0}.channel_organization_ids @> ARRAY[CAST(:organization_id AS uuid)]"
_ACCOUNT = f"{_SUBTREE} AND {{0}}.account_chain_ids @> ARRAY[CAST(:organization_id AS uuid)]"
_PLACED = f"{_ACCOUNT.format('o')} AND o.created_at >= :first AND o.created_at < :after"
_COUNT = "SELECT count(*) AS everything, count(*) FILTER (WHERE {part}) AS part FROM {rows} WHERE {condition}"
_LATE = "coalesce(l.intake_completed_at, l.qualified_at, 'infinity') > l.created_at + :within"
_QUERIES = {
    BonusMetric.ORDERS: _COUNT.format(part="true", rows='"order" o', condition=f"{_PLACED} AND o.stage <> 'CANCELLED'"),
    PenaltyMetric.CANCELLATION_RATE: _COUNT.format(part="o.stage = 'CANCELLED'", rows='"order" o', condition=_PLACED),
    BonusMetric.FIRST_TIME_RIGHT: _COUNT.format(
        part="v.outcome = 'COMPLETED'",
        rows='visit v JOIN "order" o ON o.id = v.order_id',
        condition=f"{_ACCOUNT.format('o')} AND v.status = 'DONE' AND v.follow_up_of_id IS NULL "
        "AND v.finished_at >= :first AND v.finished_at < :after",
    ),
    BonusMetric.CONVERSION: _COUNT.format(
        part="q.status = 'ORDERED'",
        rows="quote q",
        condition=f"{_ACCOUNT.format('q')} AND q.sent_at >= :first AND q.sent_at < :after",
    ),
    PenaltyMetric.LATE_LEADS: _COUNT.format(
        part=_LATE,
        rows="lead l",
        condition=f"{_SUBTREE.format('l')} AND l.status <> 'DISQUALIFIED' AND l.created_at >= :first "
        "AND l.created_at < :after AND l.created_at + :within < :now",
    ),
}
_SUM = (
    "SELECT count(DISTINCT o.id) AS everything, coalesce(sum(i.net_cents), 0)::bigint AS cents "
    'FROM "order" o JOIN line_item i ON i.quote_version_id = o.quote_version_id WHERE {condition}'
)
_NET = text(
    _SUM.format(condition=f"{_PLACED} AND o.stage <> 'CANCELLED' AND i.category = ANY (:categories)")
).bindparams(bindparam("categories", type_=ARRAY(Text)))


@dataclass(frozen=True, slots=True)
class Measured:
    """Of whom, and when."""

    entity_id: UUID
    organization_id: UUID
    first: datetime
    after: datetime
    now: datetime

    @property
    def values(self) -> dict[str, Any]:
        return {
            "entity_id": self.entity_id,
            "organization_id": self.organization_id,
            "first": self.first,
            "after": self.after,
        }


async def of_bonus(session: AsyncSession, bonus: Bonus, terms: Terms, of: Measured) -> Figure:
    """The figure that a bonus is for."""
    if bonus.metric is BonusMetric.NET_AMOUNT:
        count, cents = await net_amount(session, terms, of)
        return Figure(count, Fraction(cents, 100))
    found = await _counted(session, bonus.metric, of.values)
    return Figure(found[0], Fraction(found[0])) if bonus.metric is BonusMetric.ORDERS else _rate(*found)


async def of_penalty(session: AsyncSession, penalty: Penalty, of: Measured) -> Figure:
    """The figure that a penalty looks at."""
    values = of.values
    if penalty.metric is PenaltyMetric.LATE_LEADS:
        values |= {"within": timedelta(hours=penalty.within_hours or 0), "now": of.now}
    return _rate(*await _counted(session, penalty.metric, values))


async def net_amount(session: AsyncSession, terms: Terms, of: Measured) -> tuple[int, int]:
    """How many orders, and the net amount of their commissionable lines in cents."""
    categories = sorted(category.value for category in ArticleCategory if terms.counts(category.value))
    row = (await session.execute(_NET, of.values | {"categories": categories})).one()
    return row.everything, max(0, row.cents)


async def _counted(
    session: AsyncSession, metric: BonusMetric | PenaltyMetric, values: Mapping[str, Any]
) -> tuple[int, int]:
    row = (await session.execute(text(_QUERIES[metric]), values)).one()
    return row.everything, row.part


def _rate(count: int, part: int) -> Figure:
    return Figure(count, Fraction(100 * part, count) if count else Fraction(0))
