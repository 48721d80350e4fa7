"""What a price consists of: its lines, and what was bought beforehand."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.tariffs.segments import Segment
from domain.vat.rules import VatDecision


class LineKind(StrEnum):
    """What a line of a price is for, in the order in which lines stand."""

    ENERGY = "ENERGY"
    TIME = "TIME"
    IDLE = "IDLE"
    """Time in which the car took nothing, where the tariff prices it apart."""
    START_FEE = "START_FEE"
    MINIMUM = "MINIMUM"
    PACK = "PACK"
    DISCOUNT = "DISCOUNT"
    CAP = "CAP"
    DAMAGE_RESERVE = "DAMAGE_RESERVE"


class LineUnit(StrEnum):
    """What the quantity of a line counts."""

    WATT_HOUR = "WATT_HOUR"
    SECOND = "SECOND"
    PIECE = "PIECE"


@dataclass(frozen=True, slots=True)
class PackShare:
    """Energy that can be taken from a pack, and what it takes off the price of that energy."""

    wh: int
    discount_percent: Decimal
    pack_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Benefits:
    """What a driver has bought beforehand, as far as it is left. Packs are used up in their order."""

    plan_discount_percent: Decimal = Decimal(0)
    packs: tuple[PackShare, ...] = ()
    cap_remaining_cents: int = 0
    """What a monthly subscription still covers, without VAT."""
    plan_membership_id: UUID | None = None
    subscription_id: UUID | None = None
    priority: bool = False
    """Whether the plan goes before others; has no effect on the price."""


NOTHING = Benefits()


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One line. `formula` (see formulas.py) gives `net_cents` from `inputs`, and "charging.lineVat" gives `vat_cents`
    from `vat_inputs`."""

    kind: LineKind
    formula: str
    inputs: dict[str, Decimal]
    net_cents: int
    quantity: int = 1
    unit: LineUnit = LineUnit.PIECE
    unit_price: Decimal = Decimal(0)
    """Cents per kWh, per hour, or per piece."""
    multiplier: Decimal = Decimal(1)
    segment: Segment | None = None
    pack_id: UUID | None = None
    vat_cents: int = 0
    vat_inputs: dict[str, Decimal] = field(default_factory=dict)

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


@dataclass(frozen=True, slots=True)
class Price:
    """All lines of a session, and their VAT."""

    currency: str
    lines: tuple[PriceLine, ...]
    vat: VatDecision

    @property
    def net_cents(self) -> int:
        return net_of(self.lines)

    @property
    def vat_cents(self) -> int:
        return sum(line.vat_cents for line in self.lines)

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents

    def of(self, *kinds: LineKind) -> int:
        """The cents without VAT of some kinds of lines."""
        return net_of(line for line in self.lines if line.kind in kinds)

    @property
    def pack_uses(self) -> dict[UUID, int]:
        """Wh taken from each pack."""
        used: dict[UUID, int] = {}
        for line in self.lines:
            if line.pack_id is not None:
                used[line.pack_id] = used.get(line.pack_id, 0) + line.quantity
        return used

    @property
    def cap_used_cents(self) -> int:
        """What the subscription covers."""
        return -self.of(LineKind.CAP)


def net_of(lines: Iterable[PriceLine]) -> int:
    """The sum of lines without VAT."""
    return sum(line.net_cents for line in lines)
