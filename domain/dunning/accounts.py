"""An account of what is owed: movements, balances and how old what is open is. Pure; all amounts in cents."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

BUCKETS = (30, 60, 90)
"""Last day past due of each bucket but the last; what is not due yet has one of its own."""


class StatementEntryKind(StrEnum):
    INVOICE = "INVOICE"
    CREDIT = "CREDIT"
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"
    """Given back, or taken back by the payer's bank."""
    OTHER = "OTHER"
    """Written off, or expected again."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that changed what is owed on an invoice; positive: more is owed."""

    on: date
    kind: StatementEntryKind
    number: str
    cents: int
    invoice_id: UUID
    source_id: UUID
    """The invoice, credit note or payment itself."""


@dataclass(frozen=True, slots=True)
class Ageing:
    """What is open by days past its due day; credit balances stand in `not_due`."""

    not_due: int = 0
    to_30: int = 0
    to_60: int = 0
    to_90: int = 0
    above_90: int = 0

    @property
    def total(self) -> int:
        return self.not_due + self.to_30 + self.to_60 + self.to_90 + self.above_90

    @property
    def overdue(self) -> int:
        return self.total - self.not_due


@dataclass(frozen=True, slots=True)
class Account:
    """Opening balance + movements = closing balance; the ageing is of the closing balance."""

    since: date
    until: date
    opening_cents: int
    movements: tuple[Movement, ...]
    closing_cents: int
    ageing: Ageing
    open_by_invoice: Mapping[UUID, int]
    due: Mapping[UUID, date]


def account(movements: Iterable[Movement], due: Mapping[UUID, date], since: date, until: date) -> Account:
    """The account from `since` to `until`, both included; `due` are the due days of the invoices."""
    ordered = sorted(movements, key=lambda each: (each.on, each.number, each.source_id))
    before = [each for each in ordered if each.on < since]
    within = tuple(each for each in ordered if since <= each.on <= until)
    opening = sum(each.cents for each in before)
    open_by_invoice = _open([*before, *within])
    closing = opening + sum(each.cents for each in within)
    return Account(since, until, opening, within, closing, ageing(open_by_invoice, due, until), open_by_invoice, due)


def _open(movements: Sequence[Movement]) -> dict[UUID, int]:
    left: dict[UUID, int] = defaultdict(int)
    for each in movements:
        left[each.invoice_id] += each.cents
    return {id: cents for id, cents in left.items() if cents}


def ageing(open_by_invoice: Mapping[UUID, int], due: Mapping[UUID, date], on: date) -> Ageing:
    """Each open amount in the bucket of its age; what we owe counts as not due."""
    sums = [0] * 5
    for id, cents in open_by_invoice.items():
        sums[0 if cents < 0 else bucket(due.get(id, on), on)] += cents
    return Ageing(*sums)


def bucket(due_on: date, on: date) -> int:
    """0 for what is not past due, then 1 to 4."""
    late = (on - due_on).days
    if late <= 0:
        return 0
    return next((place for place, last in enumerate(BUCKETS, start=1) if late <= last), len(BUCKETS) + 1)
