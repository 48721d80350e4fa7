"""What has to be invoiced or credited so that what a session was charged is what it is due. Pure; integer cents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

MOST_DRIFT_CENTS = 90
"""How far the VAT of an invoice, which is that of its sessions added up, may be from the VAT of its sum: EN 16931 (rule
BR-CO-17) refuses a whole euro."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Net and VAT; both are kept exactly, so that corrections add up to what pricing once gives."""

    net: int = 0
    vat: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.net + other.net, self.vat + other.vat)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.net - other.net, self.vat - other.vat)

    def __neg__(self) -> "Amount":
        return Amount(-self.net, -self.vat)

    def __bool__(self) -> bool:
        return bool(self.net or self.vat)

    @property
    def gross(self) -> int:
        return self.net + self.vat

    @property
    def adds(self) -> bool:
        """Whether it takes nothing away."""
        return self.net >= 0 and self.vat >= 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to invoice, and what to take off the lines that were invoiced, by their position in `left`."""

    invoice: Amount = Amount()
    credits: dict[int, Amount] = field(default_factory=dict)


def plan(due: Amount, charged: Amount, left: Sequence[Amount]) -> Plan:
    """How to get from what was charged to what is due.

    `left` is what can still be credited of each invoiced line, the newest first. What somebody credited by hand is
    not there any more, and is not credited twice. Where net and VAT move apart, all that is left is credited and what
    is due invoiced anew, less what was credited by hand.
    """
    difference = due - charged
    if difference.adds:
        return Plan(invoice=difference)
    if (-difference).adds:
        return Plan(credits=_take(-difference, left))
    credits = _take(charged, left)
    rest = due - charged + sum(credits.values(), start=Amount())
    return Plan(invoice=Amount(max(rest.net, 0), max(rest.vat, 0)), credits=credits)


def documents(amounts: Sequence[tuple[Amount, Decimal]]) -> list[list[int]]:
    """Which amounts, each with its VAT rate in percent, go on one invoice: all, unless what rounding adds up to is too
    much for one; their positions in order."""
    found: list[list[int]] = []
    drift: dict[Decimal, Decimal] = {}
    for position, (amount, rate) in enumerate(amounts):
        off = drift.get(rate, Decimal(0)) + amount.vat - amount.net * rate / 100
        if not found or abs(off) > MOST_DRIFT_CENTS:
            found.append([])
            drift, off = {}, amount.vat - amount.net * rate / 100
        drift[rate] = off
        found[-1].append(position)
    return found


def _take(wanted: Amount, left: Sequence[Amount]) -> dict[int, Amount]:
    found: dict[int, Amount] = {}
    for position, line in enumerate(left):
        part = Amount(min(wanted.net, line.net), min(wanted.vat, line.vat))
        if part:
            found[position] = part
            wanted = wanted - part
    return found
