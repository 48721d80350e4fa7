"""How an amount is shared out: over open invoices, and back out of a payment. Pure; all amounts in cents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What is open of an invoice; negative where it was paid and then credited."""

    id: UUID
    due_on: date
    open_cents: int


def oldest_first(cents: int, invoices: Sequence[OpenInvoice]) -> dict[UUID, int]:
    """What each invoice gets of an amount: the one due first is paid first, none more than is open."""
    shares: dict[UUID, int] = {}
    for invoice in sorted(invoices, key=lambda each: (each.due_on, each.id)):
        share = min(cents, max(invoice.open_cents, 0))
        if share:
            shares[invoice.id] = share
            cents -= share
    return shares


@dataclass(frozen=True, slots=True)
class Held:
    """Where a payment's money stands: an allocation with what is left of it, the payer's wallet, suspense."""

    allocations: Sequence["Allocated"] = ()
    wallet_cents: int = 0
    """Never more than the wallet's balance."""
    suspense_cents: int = 0

    @property
    def total(self) -> int:
        return sum(each.left_cents for each in self.allocations) + self.wallet_cents + self.suspense_cents


@dataclass(frozen=True, slots=True)
class Allocated:
    """What is left of an allocation."""

    id: UUID
    left_cents: int
    invoice: OpenInvoice


@dataclass(frozen=True, slots=True)
class Parts:
    """What an amount is taken out of."""

    allocations: dict[UUID, int] = field(default_factory=dict)
    wallet_cents: int = 0
    suspense_cents: int = 0
    missing_cents: int = 0
    """What nothing is left for."""


def taken_out(cents: int, held: Held) -> Parts:
    """What giving back `cents` is taken out of.

    First what stands in suspense, then what was paid for invoices that are credited, then the wallet, then the other
    invoices, the one due last first: nothing that is owed is opened again while there is money that pays nothing.
    """
    suspense = min(cents, held.suspense_cents)
    left = cents - suspense
    taken, left = _take(left, _overpaid(held.allocations))
    wallet = min(left, held.wallet_cents)
    latest = sorted(held.allocations, key=lambda each: (each.invoice.due_on, each.id), reverse=True)
    rest, left = _take(left - wallet, [(each.id, each.left_cents - taken.get(each.id, 0)) for each in latest])
    both = {each.id: taken.get(each.id, 0) + rest.get(each.id, 0) for each in held.allocations}
    return Parts({id: part for id, part in both.items() if part}, wallet, suspense, left)


def _overpaid(allocations: Sequence[Allocated]) -> list[tuple[UUID, int]]:
    """What of each allocation its invoice does not need any more."""
    owed = {each.invoice.id: max(-each.invoice.open_cents, 0) for each in allocations}
    found = []
    for each in allocations:
        part = min(each.left_cents, owed[each.invoice.id])
        owed[each.invoice.id] -= part
        found.append((each.id, part))
    return found


def _take(cents: int, from_: Sequence[tuple[UUID, int]]) -> tuple[dict[UUID, int], int]:
    taken: dict[UUID, int] = {}
    for id, most in from_:
        if part := min(cents, most):
            taken[id] = part
            cents -= part
    return taken, cents
