"""What depends on a whole month, quarter or year: bonuses, penalties, and the most that is paid to a beneficiary.

Each is computed anew whenever it is asked for, and the difference with what is written is written: orders that come
or are cancelled later change it, and asking twice changes nothing. Bonuses and penalties are due once their span is
over. A cap holds for what is accrued under the terms of one agreement, by the month of the order: what is above it is
one negative record per beneficiary, in so far earned as what is earned is above the cap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.commission_book import PLATFORM, Book, InForce
from domain.agreements.commission_terms import CommissionPeriod, Reward, Tier
from domain.commissions.computing import rewarded
from domain.commissions.following import Record, locked
from domain.commissions.measuring import Figure, Measured, net_amount, of_bonus, of_penalty
from domain.commissions.models import Commission, CommissionCause, CommissionKind, CommissionStatus
from domain.commissions.months import begins, bounds
from domain.commissions.movements import Movement, write
from domain.money import Money
from tenants.auth import clock

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rule comes to for one beneficiary, expected and due, in cents."""

    held: InForce
    entity_id: UUID
    beneficiary_id: UUID
    kind: CommissionKind
    rule: str
    month: date
    accrued: int = 0
    earned: int = 0
    base: int = 0
    rate: Decimal | None = None
    measured: Decimal | None = None

    def movement(self, cents: int, status: CommissionStatus) -> Movement:
        return Movement(
            entity_id=self.entity_id,
            agreement_id=self.held.agreement_id,
            terms_id=self.held.id,
            beneficiary_id=self.beneficiary_id,
            kind=self.kind,
            rule=self.rule,
            rate=self.rate,
            base=self.base,
            uncut=cents,
            amount=cents,
            currency=self.held.terms.currency,
            status=status,
            month=self.month,
            measured=self.measured,
        )


async def settle_performance(session: AsyncSession, entity_id: UUID, month: date, terms: Book) -> int:
    """Bonuses, then penalties, of the spans that end with a month that is over; the number of rows written."""
    _, after = bounds(month)
    now = clock.now()
    if after > now:
        return 0
    held = [one for one in terms.agreed(after - _MOMENT) if one.terms.bonuses or one.terms.penalties]
    bonuses = [one for each in held for one in await _bonuses(session, entity_id, month, each, now)]
    written = await _bring(session, bonuses)
    penalties = [one for each in held for one in await _penalties(session, entity_id, month, each, now)]
    return written + await _bring(session, penalties)


async def settle_caps(session: AsyncSession, entity_id: UUID, month: date, terms: Book) -> int:
    """The caps of a month, then that of its year; the number of rows written."""
    written = 0
    for span in (CommissionPeriod.MONTH, CommissionPeriod.YEAR):
        written += await _bring(session, await _caps(session, entity_id, month, terms, span))
    return written


# --- performance ------------------------------------------------------------------------------------------------------


async def _bonuses(session: AsyncSession, entity_id: UUID, month: date, held: InForce, now: datetime) -> list[Wanted]:
    wanted = []
    for place, bonus in enumerate(held.terms.bonuses):
        if (found := _span(bonus.span, entity_id, month, held, now)) is None:
            continue
        figure = await of_bonus(session, bonus, held.terms, found)
        _, net = await net_amount(session, held.terms, found)
        tier = reached(bonus.tiers, figure, bonus.minimum_count)
        reward = tier.reward if tier else Reward(0)
        wanted.append(_performance(held, found, CommissionKind.BONUS, place, month, reward, net, figure, 1))
    return wanted


async def _penalties(session: AsyncSession, entity_id: UUID, month: date, held: InForce, now: datetime) -> list[Wanted]:
    wanted = []
    for place, penalty in enumerate(held.terms.penalties):
        if (found := _span(penalty.span, entity_id, month, held, now)) is None:
            continue
        figure = await of_penalty(session, penalty, found)
        missed = figure.count >= max(1, penalty.minimum_count) and figure.exact > penalty.above
        reward = penalty.reward if missed else Reward(0)
        own = await _own(session, found)
        wanted.append(_performance(held, found, CommissionKind.PENALTY, place, month, reward, own, figure, -1))
    return wanted


def reached(tiers: Sequence[Tier], figure: Figure, minimum_count: int) -> Tier | None:
    """The highest tier whose threshold the figure reaches, if enough is behind the figure."""
    if figure.count < max(1, minimum_count):
        return None
    return next((tier for tier in reversed(tiers) if figure.exact >= tier.threshold), None)


def _span(span: CommissionPeriod, entity_id: UUID, month: date, held: InForce, now: datetime) -> Measured | None:
    """Whom and when to measure, if the span ends with the month."""
    first, after = span.of(month)
    if after != CommissionPeriod.MONTH.of(month)[1] or held.organization_id is None:
        return None
    return Measured(entity_id, held.organization_id, begins(first), begins(after), now)


def _performance(
    held: InForce,
    found: Measured,
    kind: CommissionKind,
    place: int,
    month: date,
    reward: Reward,
    base: int,
    figure: Figure,
    sign: int,
) -> Wanted:
    cents = sign * rewarded(reward, Money(base, held.terms.currency)).cents
    rule = f"{kind.value}:{place}:{found.first.date()}:{found.after.date()}"
    return Wanted(
        held=held,
        entity_id=found.entity_id,
        beneficiary_id=found.organization_id,
        kind=kind,
        rule=rule,
        month=month,
        earned=cents,
        base=base,
        rate=reward.percent,
        measured=figure.shown,
    )


_OWN = text("""
    SELECT coalesce(sum(amount_cents), 0)::bigint FROM commission
    WHERE entity_id = :entity_id AND beneficiary_contact_id = :organization_id
      AND kind IN ('LEVEL', 'KICKBACK', 'BONUS') AND period_month >= :first AND period_month < :after
""")


async def _own(session: AsyncSession, found: Measured) -> int:
    """What a partner itself has accrued in a span, in cents."""
    values = {
        "entity_id": found.entity_id,
        "organization_id": found.organization_id,
        "first": found.first.date(),
        "after": found.after.date(),
    }
    own: int = (await session.execute(_OWN, values)).scalar_one()
    return max(0, own)


# --- caps -------------------------------------------------------------------------------------------------------------

_SUMS = text("""
    SELECT c.beneficiary_contact_id AS beneficiary_id, sum(c.amount_cents)::bigint AS total,
      coalesce(sum(c.amount_cents) FILTER (WHERE c.status IN ('EARNED', 'PAYABLE', 'PAID')), 0)::bigint AS earned
    FROM commission c LEFT JOIN commission_terms t ON t.id = c.terms_id
    WHERE c.entity_id = :entity_id AND c.period_month >= :first AND c.period_month < :after
      AND c.terms_id IS NOT NULL AND t.organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)
      AND (c.kind <> 'CAP' OR c.rule LIKE :below) AND c.currency = :currency
    GROUP BY c.beneficiary_contact_id
""")


async def _caps(
    session: AsyncSession, entity_id: UUID, month: date, terms: Book, span: CommissionPeriod
) -> list[Wanted]:
    """Of each agreement the cap that held last in the span, whichever of its months is asked for.

    A record whose agreement has no cap by then comes to nothing.
    """
    wanted: list[Wanted] = []
    first, after = (begins(day) for day in span.of(month))
    for held in terms.last(first, min(after - _MOMENT, clock.now())):
        caps = held.terms.caps
        if (cap := caps.month_cents if span is CommissionPeriod.MONTH else caps.year_cents) is not None:
            sums = await _sums(session, entity_id, month, held, span)
            wanted += [_above(held, entity_id, month, span, cap, each) for each in sums]
    return wanted + await _ended(session, entity_id, month, span, {_key(each) for each in wanted})


async def _ended(
    session: AsyncSession, entity_id: UUID, month: date, span: CommissionPeriod, held: set[tuple[UUID, str]]
) -> list[Wanted]:
    """Nothing for each record of the span that no cap stands behind any more."""
    query = select(Commission.beneficiary_contact_id, Commission.rule).where(
        Commission.entity_id == entity_id,
        Commission.reverses_id.is_(None),
        Commission.order_id.is_(None),
        Commission.lead_id.is_(None),
        Commission.rule.startswith(_caps_of(span, month)),
    )
    kept = {(row.beneficiary_contact_id, row.rule) for row in await session.execute(query)}
    return [
        Wanted(PLATFORM, entity_id, beneficiary_id, CommissionKind.CAP, rule, month)
        for beneficiary_id, rule in sorted(kept - held)
    ]


def _caps_of(span: CommissionPeriod, month: date) -> str:
    """What the rules of all caps of a span begin with."""
    return f"CAP:{span.value}:{span.of(month)[0]}:"


async def _sums(
    session: AsyncSession, entity_id: UUID, month: date, held: InForce, span: CommissionPeriod
) -> Sequence[Row[Any]]:
    """What each beneficiary has under an agreement; for the year the months are capped already."""
    first, after = span.of(month)
    values = {
        "entity_id": entity_id,
        "first": first,
        "after": after,
        "organization_id": held.organization_id,
        "below": "CAP:MONTH:%" if span is CommissionPeriod.YEAR else "",
        "currency": held.terms.currency,
    }
    return (await session.execute(_SUMS, values)).all()


def _above(held: InForce, entity_id: UUID, month: date, span: CommissionPeriod, cap: int, sums: Row[Any]) -> Wanted:
    above, earned = -max(0, sums.total - cap), -max(0, sums.earned - cap)
    return Wanted(
        held=held,
        entity_id=entity_id,
        beneficiary_id=sums.beneficiary_id,
        kind=CommissionKind.CAP,
        rule=f"{_caps_of(span, month)}{held.organization_id or 'STANDARD'}",
        month=month,
        accrued=above - earned,
        earned=earned,
        base=cap,
    )


# --- writing ----------------------------------------------------------------------------------------------------------


async def _bring(session: AsyncSession, wanted: Sequence[Wanted]) -> int:
    """Write the difference between what is wanted and what is written."""
    at = clock.now()
    known = await _known(session, wanted)
    firsts = [one for each in wanted if _key(each) not in known and (one := _first(each)) is not None]
    made = await write(session, firsts, at)
    known = await _known(session, wanted)
    changes = [one for each in wanted if (record := known.get(_key(each))) for one in _changes(each, record)]
    return len(made) + len(await write(session, changes, at))


def _key(wanted: Wanted) -> tuple[UUID, str]:
    return wanted.beneficiary_id, wanted.rule


async def _known(session: AsyncSession, wanted: Sequence[Wanted]) -> dict[tuple[UUID, str], Record]:
    if not wanted:
        return {}
    rules = Commission.rule.in_({each.rule for each in wanted})
    who = Commission.beneficiary_contact_id.in_({each.beneficiary_id for each in wanted})
    records = await locked(session, (Commission.entity_id == wanted[0].entity_id) & rules & who)
    return {(record.first.beneficiary_contact_id, record.first.rule): record for record in records}


def _first(wanted: Wanted) -> Movement | None:
    if wanted.earned:
        return wanted.movement(wanted.earned, CommissionStatus.EARNED)
    return wanted.movement(wanted.accrued, CommissionStatus.ACCRUED) if wanted.accrued else None


def _changes(wanted: Wanted, record: Record) -> Iterator[Movement]:
    corrected = sum(row.cents for row in record.rows if row.corrects)
    expected = sum(row.cents for row in record.rows if row.status == CommissionStatus.ACCRUED)
    due = wanted.earned + corrected - (record.total - expected)
    for cents, status in ((due, CommissionStatus.EARNED), (wanted.accrued - expected, CommissionStatus.ACCRUED)):
        if cents:
            yield record.adjusted(cents, CommissionCause.RECOMPUTED, status=status)
