"""Writing commission: rows, what the books say of them, and what is told. Set-based, however many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, Date, DateTime, Integer, Numeric, Row, Text, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.commissions.events import CommissionAccrued, CommissionAdjusted
from domain.commissions.models import CommissionCause, CommissionKind, CommissionStatus
from domain.events.record import About, Payload, record_all
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import Entry, credit, debit, post_many
from domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A row of commission that is to be written; amounts in cents, `rate` in percent."""

    entity_id: UUID
    beneficiary_id: UUID
    kind: CommissionKind
    base: int
    uncut: int
    amount: int
    currency: str
    status: CommissionStatus
    month: date
    cause: CommissionCause = CommissionCause.ACCRUED
    order_id: UUID | None = None
    lead_id: UUID | None = None
    agreement_id: UUID | None = None
    terms_id: UUID | None = None
    rule: str = ""
    level: int | None = None
    rate: Decimal | None = None
    measured: Decimal | None = None
    reverses_id: UUID | None = None
    source_id: UUID | None = None


_COLUMNS: dict[str, tuple[str, Any]] = {
    "entity_id": ("entity_id", PgUUID(as_uuid=True)),
    "order_id": ("order_id", PgUUID(as_uuid=True)),
    "lead_id": ("lead_id", PgUUID(as_uuid=True)),
    "agreement_id": ("agreement_id", PgUUID(as_uuid=True)),
    "terms_id": ("terms_id", PgUUID(as_uuid=True)),
    "beneficiary_contact_id": ("beneficiary_id", PgUUID(as_uuid=True)),
    "kind": ("kind", Text()),
    "cause": ("cause", Text()),
    "rule": ("rule", Text()),
    "commission_level": ("level", Integer()),
    "commission_rate": ("rate", Numeric()),
    "base_cents": ("base", BigInteger()),
    "uncut_cents": ("uncut", BigInteger()),
    "amount_cents": ("amount", BigInteger()),
    "currency": ("currency", Text()),
    "status": ("status", Text()),
    "period_month": ("month", Date()),
    "measured": ("measured", Numeric()),
    "reverses_id": ("reverses_id", PgUUID(as_uuid=True)),
    "source_id": ("source_id", PgUUID(as_uuid=True)),
}
_NAMES = ", ".join(_COLUMNS)
_INSERT = text(
    f"""
    INSERT INTO commission ({_NAMES}, accrued_at, earned_at)
    SELECT {_NAMES}, :at, CASE WHEN status = 'ACCRUED' THEN NULL ELSE CAST(:at AS timestamptz) END
    FROM unnest({", ".join(f":{name}s" for name in _COLUMNS)}) AS given ({_NAMES})
    ON CONFLICT DO NOTHING
    RETURNING id, entity_id, order_id, beneficiary_contact_id, kind, cause, amount_cents, currency, status, reverses_id
    """  # noqa: S608  # names of columns
).bindparams(
    *(bindparam(f"{name}s", type_=ARRAY(kind)) for name, (_, kind) in _COLUMNS.items()),
    bindparam("at", type_=DateTime(timezone=True)),
)


async def write(
    session: AsyncSession, movements: Sequence[Movement], at: datetime, *, tell: bool = True
) -> Sequence[Row[Any]]:
    """Write rows, post them, and tell each beneficiary of its own; a record that exists stays as it is.

    The rows that are new. Where many are written for a run, telling is left to the run.
    """
    if not movements:
        return []
    columns = {f"{name}s": [getattr(row, key) for row in movements] for name, (key, _) in _COLUMNS.items()}
    made = (await session.execute(_INSERT, {**columns, "at": at})).all()
    await _post(session, made)
    if tell:
        await record_all(session, [(_told(row), about(row)) for row in made])
    return made


def _told(row: Row[Any]) -> Payload:
    said = (row.kind, row.amount_cents, row.currency)
    return CommissionAccrued(*said) if row.cause == CommissionCause.ACCRUED else CommissionAdjusted(*said, row.cause)


def about(row: Any) -> About:
    """Whom an event is for: staff, and the beneficiary alone. Its subject is the record, also of rows that name it."""
    only = [row.beneficiary_contact_id]
    return About(row.entity_id, row.reverses_id or row.id, organization_ids=only, channel=only)


# --- the books --------------------------------------------------------------------------------------------------------


async def _post(session: AsyncSession, rows: Sequence[Row[Any]]) -> None:
    """Expense against accrued commission, mirrored where something is taken back; one entry per entity and currency.

    That commission is earned moves nothing in the books: it is accrued until a self-billing invoice makes it payable.
    Rows are written once and in the transaction of their entry, so the key only has to be its own.
    """
    ordered = sorted(rows, key=lambda row: (row.entity_id, row.currency))
    groups = [(key, list(found)) for key, found in groupby(ordered, key=lambda row: (row.entity_id, row.currency))]
    entries = [_entry(entity_id, currency, found) for (entity_id, currency), found in groups]
    await post_many(session, [entry for entry in entries if entry.posted_legs])


def _entry(entity_id: UUID, currency: str, rows: Sequence[Row[Any]]) -> Entry:
    """What each beneficiary accrues against one expense; about the order where there is one alone."""
    orders = {row.order_id for row in rows}
    order_id = next(iter(orders)) if len(orders) == 1 else None
    sums: dict[UUID, int] = {}
    for row in rows:
        sums[row.beneficiary_contact_id] = sums.get(row.beneficiary_contact_id, 0) + row.amount_cents
    whole = Money(sum(sums.values()), currency)
    accrued = AccountRole.COMMISSION_ACCRUED
    legs = [
        debit(AccountRole.COMMISSION_EXPENSE, whole, order_id=order_id),
        *(credit(accrued, Money(cents, currency), contact_id=id, order_id=order_id) for id, cents in sums.items()),
    ]
    source = ("Order", order_id) if order_id else ("BusinessEntity", entity_id)
    return Entry(entity_id, EntryKind.COMMISSION, f"commission:{uuid4()}", source, legs, text="Commission")


# --- moving what is there ---------------------------------------------------------------------------------------------

_MOVE = text(
    """
    UPDATE commission c SET status = given.status, updated_at = now(),
      earned_at = CASE given.status WHEN 'ACCRUED' THEN NULL WHEN 'EARNED' THEN coalesce(c.earned_at, :at)
        ELSE c.earned_at END
    FROM unnest(:ids, :statuses) AS given (id, status) WHERE c.id = given.id
    """
).bindparams(
    bindparam("ids", type_=ARRAY(PgUUID(as_uuid=True))),
    bindparam("statuses", type_=ARRAY(Text())),
    bindparam("at", type_=DateTime(timezone=True)),
)


async def move(session: AsyncSession, moves: Sequence[tuple[UUID, CommissionStatus]], at: datetime) -> None:
    """Give rows another status among ACCRUED, EARNED and REVERSED; to the books these are the same."""
    if moves:
        ids, statuses = zip(*moves, strict=True)
        await session.execute(_MOVE, {"ids": list(ids), "statuses": [s.value for s in statuses], "at": at})
