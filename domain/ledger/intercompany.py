"""What entities agree for work they do for each other, and settling a month of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import validation
from domain.catalog.models import ArticleCategory
from domain.errors import FieldPath, OutOfRange
from domain.events.record import record
from domain.ledger import events
from domain.ledger.errors import MirrorDiffers, NothingToSettle, PeriodNotOver, WithItself
from domain.ledger.models import AccountRole, EntryKind, IntercompanyRate, JournalEntry, JournalLine, LedgerAccount
from domain.ledger.months import later, month_of
from domain.ledger.posting import Entry, Leg, open_day, post_many, reverse, today
from domain.money import Money, TooManyDecimals
from domain.rows import find
from domain.unique import refusing_taken
from tenants.models import BusinessEntity

_R = AccountRole
_MIRROR = {_R.INTERCOMPANY_RECEIVABLE: _R.INTERCOMPANY_PAYABLE, _R.INTERCOMPANY_PAYABLE: _R.INTERCOMPANY_RECEIVABLE}


@dataclass(frozen=True, slots=True)
class GivenRate:
    """What the executing entity gets of the net of a seller's lines of one category, from a day on, in percent."""

    seller_entity_id: UUID
    executing_entity_id: UUID
    category: ArticleCategory
    percent: Decimal
    since: date


async def save_rate(session: AsyncSession, given: GivenRate) -> IntercompanyRate:
    """Agree a percentage from a day on, until the next that is agreed already; 0 ends it.

    What held before that day and what was posted stay. The actor works for both entities.
    Raises: NotFound, OutOfRange, TooManyDecimals, INTERCOMPANY_WITH_ITSELF.
    """
    _check(given)
    await _work_for(session, given.seller_entity_id, given.executing_entity_id)
    rate = await _from(session, given)
    rate.percent = given.percent
    async with refusing_taken(session, one_intercompany_rate_at_a_time=("since",)):
        session.add(rate)
    said = events.IntercompanyRateSaved(str(given.executing_entity_id), given.category.value, str(given.percent))
    await record(session, said, entity_id=given.seller_entity_id, subject_id=given.seller_entity_id)
    return rate


async def settle(session: AsyncSession, one: UUID, other: UUID, month: date) -> list[UUID]:
    """Clear what two entities owe each other until the end of a month into one transfer between them; once.

    A month whose settlement was undone is settled anew; one that a later settlement has cleared holds nothing more.
    The transfer is in transit until a bank statement shows it. Returns the entries of `one` and of `other`.
    Raises: NotFound, PeriodNotOver, NOTHING_TO_SETTLE, INTERCOMPANY_DIFFERS, INTERCOMPANY_WITH_ITSELF.
    """
    await _work_for(session, one, other, at=("entity_id", "other_entity_id"))
    month = month_of(month)
    if later(month, 1) > today():
        raise PeriodNotOver(field=("month",))
    await _one_at_a_time(session, one, other)
    known, undone = await _settled(session, one, other, month)
    if known:
        return known
    if await _cleared_later(session, one, other, month):
        raise NothingToSettle(month=f"{month:%Y-%m}")
    made = await _settlement(session, one, other, month, f"{_key(one, other, month)}{undone}")
    return await post_many(session, made)


async def undo_settlement(session: AsyncSession, one: UUID, other: UUID, month: date) -> list[UUID]:
    """Take a settlement back: the opposite is posted in the books of both, on its day if that is open.

    Raises: NotFound, NOTHING_TO_SETTLE.
    """
    await _work_for(session, one, other, at=("entity_id", "other_entity_id"))
    month = month_of(month)
    known, _ = await _settled(session, one, other, month)
    if not known:
        raise NothingToSettle(month=f"{month:%Y-%m}")
    day = (await find(session, JournalEntry, known[0])).booked_on
    for entity_id in (one, other):
        day = await open_day(session, entity_id, day)
    return [await reverse(session, id, f"undone:{id}", day) for id in known]


# --- rates ------------------------------------------------------------------------------------------------------------


def _check(given: GivenRate) -> None:
    if not given.percent.is_finite() or not 0 <= given.percent <= 100:
        raise OutOfRange(minimum=0, maximum=100, field=("percent",))
    if given.percent != round(given.percent, 2):
        raise TooManyDecimals(maximum=2, field=("percent",))
    validation.day(given.since, "since")


async def _from(session: AsyncSession, given: GivenRate) -> IntercompanyRate:
    """The row for the day: what held until then ends, what was agreed from a later day stays."""
    begins = func.lower(IntercompanyRate.valid)
    query = (
        select(IntercompanyRate)
        .where(
            IntercompanyRate.seller_entity_id == given.seller_entity_id,
            IntercompanyRate.executing_entity_id == given.executing_entity_id,
            IntercompanyRate.category == given.category.value,
        )
        .order_by(begins)
        .with_for_update()
    )
    until: date | None = None
    for rate in reversed((await session.execute(query)).scalars().all()):
        start = rate.valid.lower or validation.EARLIEST_DAY
        if start == given.since:
            return rate
        if start < given.since:
            rate.valid = Range(start, given.since)
            break
        until = start
    await session.flush()
    return IntercompanyRate(
        seller_entity_id=given.seller_entity_id,
        executing_entity_id=given.executing_entity_id,
        category=given.category.value,
        valid=Range(given.since, until),
    )


async def _work_for(
    session: AsyncSession,
    one: UUID,
    other: UUID,
    at: tuple[str, str] = ("seller_entity_id", "executing_entity_id"),
) -> None:
    if one == other:
        raise WithItself(field=(at[1],))
    for id, name in zip((one, other), at, strict=True):
        field: FieldPath = (name,)
        await find(session, BusinessEntity, id, field=field)


# --- settling ---------------------------------------------------------------------------------------------------------


def _key(one: UUID, other: UUID, month: date) -> str:
    return f"settlement:{month:%Y-%m}:{_pair(one, other)}:"


def _pair(one: UUID, other: UUID) -> str:
    return f"{min(one, other)}:{max(one, other)}"


async def _one_at_a_time(session: AsyncSession, one: UUID, other: UUID) -> None:
    key = func.hashtextextended(f"settlement {_pair(one, other)}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def _cleared_later(session: AsyncSession, one: UUID, other: UUID, month: date) -> bool:
    """Whether the settlement of a later month, which clears all before it, stands."""
    reversal = aliased(JournalEntry)
    later_one = select(JournalEntry.id).where(
        JournalEntry.entity_id == one,
        JournalEntry.key.like(f"settlement:%:{_pair(one, other)}:%"),
        func.split_part(JournalEntry.key, ":", 2) > f"{month:%Y-%m}",
        ~select(reversal.id).where(reversal.reverses_id == JournalEntry.id).exists(),
    )
    return (await session.execute(later_one.limit(1))).first() is not None


async def _settled(session: AsyncSession, one: UUID, other: UUID, month: date) -> tuple[list[UUID], int]:
    """The entries of `one` and `other` that settle a month, none where they were undone; how often they were."""
    reversal = aliased(JournalEntry)
    query = (
        select(JournalEntry.entity_id, JournalEntry.id, reversal.id.is_not(None).label("undone"))
        .outerjoin(reversal, reversal.reverses_id == JournalEntry.id)
        .where(JournalEntry.key.startswith(_key(one, other, month)), JournalEntry.entity_id.in_((one, other)))
    )
    rows = (await session.execute(query)).all()
    found = {row.entity_id: row.id for row in rows if not row.undone}
    return [found[id] for id in (one, other)] if found else [], sum(1 for row in rows if row.undone) // 2


async def _settlement(session: AsyncSession, one: UUID, other: UUID, month: date, key: str) -> list[Entry]:
    end = later(month, 1)
    mine, theirs = await _owed(session, one, other, end), await _owed(session, other, one, end)
    if {_MIRROR[role]: -amount for role, amount in mine.items()} != theirs:
        raise MirrorDiffers(month=f"{month:%Y-%m}")
    if not mine:
        raise NothingToSettle(month=f"{month:%Y-%m}")
    day = end - timedelta(days=1)
    for entity_id in (one, other):
        day = await open_day(session, entity_id, day)
    await _tell(session, one, other, month, mine)
    return [_cleared(one, other, key, day, mine), _cleared(other, one, key, day, theirs)]


async def _owed(session: AsyncSession, entity_id: UUID, other: UUID, until: date) -> dict[AccountRole, Money]:
    """Balances with the other entity before a day, debit positive; those of nothing are left out."""
    cents = func.sum(JournalLine.debit_cents - JournalLine.credit_cents)
    query = (
        select(LedgerAccount.role, JournalLine.currency, cents)
        .join(LedgerAccount, LedgerAccount.id == JournalLine.account_id)
        .where(
            JournalLine.entity_id == entity_id,
            LedgerAccount.entity_id == entity_id,
            LedgerAccount.role.in_([role.value for role in _MIRROR]),
            JournalLine.intercompany_entity_id == other,
            JournalLine.booked_on < until,
        )
        .group_by(LedgerAccount.role, JournalLine.currency)
        .having(cents != 0)
    )
    return {AccountRole(role): Money(int(sum_), currency) for role, currency, sum_ in await session.execute(query)}


def _cleared(entity_id: UUID, other: UUID, key: str, day: date, owed: dict[AccountRole, Money]) -> Entry:
    net = sum((amount.cents for amount in owed.values()), 0)
    currency = next(iter(owed.values())).currency
    legs = [Leg(role, -amount, intercompany_entity_id=other) for role, amount in owed.items()]
    legs.append(Leg(AccountRole.TRANSIT, Money(net, currency), intercompany_entity_id=other))
    return Entry(entity_id, EntryKind.SETTLEMENT, key, ("BusinessEntity", other), legs, day)


async def _tell(session: AsyncSession, one: UUID, other: UUID, month: date, owed: dict[AccountRole, Money]) -> None:
    cents = sum(amount.cents for amount in owed.values())
    for entity_id, against, sign in ((one, other, 1), (other, one, -1)):
        said = events.IntercompanySettled(f"{month:%Y-%m}", str(against), sign * cents)
        await record(session, said, entity_id=entity_id, subject_id=entity_id)
