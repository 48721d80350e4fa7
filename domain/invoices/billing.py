"""The arithmetic of invoices: what of an order's lines is due, and totals by VAT. Pure; amounts in integer cents.

What is due of a line up to a share is round_half_up(amount * share); a part bills what is due less what was billed
before. So parts add up to the line, whatever the shares, and the last takes the remainder.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.invoices.models import InvoicePart
from domain.money import MAX_CENTS, Money, allocate
from domain.vat.rules import VatDecision, VatRule, reason

WHOLE = Decimal(100)
_NAMES = {
    InvoicePart.DEPOSIT: {"nl": "Aanbetaling", "en": "Deposit"},
    InvoicePart.PROGRESS: {"nl": "Termijn", "en": "Progress"},
    InvoicePart.FINAL: {"nl": "Restant", "en": "Remainder"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A line as it was signed, and the VAT rule behind it."""

    line_item_id: UUID
    order_id: UUID
    article_id: UUID | None
    sku: str
    category: str
    description: str
    quantity: Decimal
    unit: str
    unit_price_cents: int
    discount_percent: Decimal
    net_cents: int
    vat_cents: int
    vat: VatDecision


@dataclass(frozen=True, slots=True)
class Billed:
    """What was billed of an order's line before: amounts, and the share that they stand for."""

    net_cents: int = 0
    vat_cents: int = 0
    percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """A line to be invoiced."""

    line_item_id: UUID | None = None
    order_id: UUID | None = None
    article_id: UUID | None = None
    sku: str = ""
    category: str
    description: str
    quantity: Decimal
    unit: str = "piece"
    unit_price_cents: int
    discount_percent: Decimal = Decimal(0)
    discount_cents: int = 0
    net_cents: int
    vat_cents: int
    vat: VatDecision
    portion_percent: Decimal | None = None
    credits_line_id: UUID | None = None
    recognized: bool = False
    """Whether its net is revenue at once, not deferred: the work is done."""

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


@dataclass(frozen=True, slots=True)
class Sums:
    """Totals of a document."""

    net_cents: int
    vat_cents: int
    breakdown: list[dict[str, Any]]

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


def due_cents(amount_cents: int, percent: Decimal) -> int:
    """What of an amount is due up to a share in percent; the whole at 100."""
    return Money(amount_cents).times(percent.scaleb(-2)).cents


def discount_cents(quantity: Decimal, unit_price_cents: int, net_cents: int) -> int:
    """What the discount takes off: round_half_up(quantity * unit price) - net."""
    return Money(unit_price_cents).times(quantity).cents - net_cents


def bill(
    lines: Sequence[OrderLine],
    billed: Mapping[UUID, Billed],
    upto: Decimal,
    part: InvoicePart,
    language: str = "nl",
) -> list[BillLine]:
    """The lines of a part that brings what is billed of an order up to a share in percent (100: the rest).

    A line of which nothing was billed before is billed as it was signed; one that was billed up to the share is left
    out. Lines that cost nothing are on the final part.
    """
    found = (_of_line(line, billed.get(line.line_item_id, Billed()), upto, part, language) for line in lines)
    return [replace(line, recognized=part is InvoicePart.FINAL) for line in found if line is not None]


def _of_line(line: OrderLine, billed: Billed, upto: Decimal, part: InvoicePart, language: str) -> BillLine | None:
    if upto >= WHOLE and billed == Billed():
        return _whole(line)
    net = due_cents(line.net_cents, upto) - billed.net_cents
    vat = due_cents(line.vat_cents, upto) - billed.vat_cents
    if upto <= billed.percent or (net <= 0 and vat <= 0):
        return None
    return _portion(line, max(net, 0), max(vat, 0), upto - billed.percent, _NAMES[part][language])


def _whole(line: OrderLine) -> BillLine:
    return BillLine(
        line_item_id=line.line_item_id,
        order_id=line.order_id,
        article_id=line.article_id,
        sku=line.sku,
        category=line.category,
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price_cents=line.unit_price_cents,
        discount_percent=line.discount_percent,
        discount_cents=discount_cents(line.quantity, line.unit_price_cents, line.net_cents),
        net_cents=line.net_cents,
        vat_cents=line.vat_cents,
        vat=line.vat,
    )


def _portion(line: OrderLine, net: int, vat: int, percent: Decimal, name: str) -> BillLine:
    """One piece at its own net amount, so that quantity times price is what the line says."""
    share = format(percent.normalize(), "f")
    return replace(
        _whole(line),
        description=f"{name} {share}% – {line.description}",
        quantity=Decimal(1),
        unit="piece",
        unit_price_cents=net,
        discount_percent=Decimal(0),
        discount_cents=0,
        net_cents=net,
        vat_cents=vat,
        portion_percent=percent,
    )


def sums(lines: Iterable[BillLine]) -> Sums:
    """Totals, and per VAT category and rate with the rules behind them, the highest rate first."""
    groups: dict[tuple[str, Decimal], list[BillLine]] = {}
    for line in lines:
        groups.setdefault((line.vat.category, line.vat.rate), []).append(line)
    ordered = sorted(groups, key=lambda key: (-key[1], key[0]))
    breakdown = [_group(category, rate, groups[category, rate]) for category, rate in ordered]
    return Sums(
        sum(group["net_cents"] for group in breakdown), sum(group["vat_cents"] for group in breakdown), breakdown
    )


def _group(category: str, rate: Decimal, lines: Sequence[BillLine]) -> dict[str, Any]:
    rules = sorted({line.vat.rule for line in lines})
    exempt = lines[0].vat.exempt
    net, vat = sum(line.net_cents for line in lines), sum(line.vat_cents for line in lines)
    return {
        "category": category,
        "rate": format(rate.normalize(), "f") if rate else "0",
        "vat_class": lines[0].vat.vat_class.value,
        "rules": [str(VatRule(rule)) for rule in rules],
        "reason_nl": "; ".join(reason(rule, "nl") for rule in rules) if exempt else "",
        "reason_en": "; ".join(reason(rule, "en") for rule in rules) if exempt else "",
        "net_cents": net,
        "vat_cents": vat,
        "gross_cents": net + vat,
    }


def within_bounds(found: Sums) -> bool:
    """Whether all totals fit an amount."""
    return max(abs(found.net_cents), abs(found.vat_cents), abs(found.gross_cents)) <= MAX_CENTS


# --- credits ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Creditable:
    """An invoiced line: what it billed, and what was credited of it so far."""

    quantity: Decimal
    net_cents: int
    vat_cents: int
    credited_quantity: Decimal = Decimal(0)
    credited_net_cents: int = 0
    credited_vat_cents: int = 0

    @property
    def left_quantity(self) -> Decimal:
        return self.quantity - self.credited_quantity

    @property
    def left_net_cents(self) -> int:
        return self.net_cents - self.credited_net_cents

    @property
    def left_vat_cents(self) -> int:
        return self.vat_cents - self.credited_vat_cents

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left: neither pieces nor money."""
        return not (self.left_quantity or self.left_net_cents or self.left_vat_cents)


@dataclass(frozen=True, slots=True)
class Credit:
    """What is taken off a line, positive as the line itself is."""

    quantity: Decimal
    net_cents: int
    vat_cents: int


def credit_rest(line: Creditable) -> Credit:
    """All that is left of a line."""
    return Credit(line.left_quantity, line.left_net_cents, line.left_vat_cents)


def credit_quantity(line: Creditable, quantity: Decimal) -> Credit:
    """What `quantity` more pieces take off.

    Credited so far becomes round_half_up(amount * credited quantity / quantity), so parts never exceed the line, and
    the last piece takes the remainder. Where amounts were credited besides, never more than what is left.
    """
    if quantity >= line.left_quantity:
        return credit_rest(line)
    upto = line.credited_quantity + quantity
    net = min(_share(line.net_cents, upto, line.quantity) - line.credited_net_cents, line.left_net_cents)
    vat = min(_share(line.vat_cents, upto, line.quantity) - line.credited_vat_cents, line.left_vat_cents)
    return Credit(quantity, max(net, 0), max(vat, 0))


def credit_net(line: Creditable, net_cents: int) -> Credit:
    """What a net amount takes off, with its VAT: credited VAT becomes round_half_up(VAT * credited net / net)."""
    if net_cents >= line.left_net_cents:
        return credit_rest(line)
    upto = Decimal(line.credited_net_cents + net_cents)
    vat = _share(line.vat_cents, upto, Decimal(line.net_cents)) - line.credited_vat_cents
    return Credit(Decimal(0), net_cents, max(min(vat, line.left_vat_cents), 0))


def _share(amount_cents: int, part: Decimal, whole: Decimal) -> int:
    """round_half_up(amount * part / whole) of amounts that are not negative; exact, in integers."""
    numerator, denominator = amount_cents * int(part.scaleb(3)), int(whole.scaleb(3))
    return (2 * numerator + denominator) // (2 * denominator) if denominator else 0


def spread(net_cents: int, left: Sequence[int]) -> list[int]:
    """A net amount over lines in proportion to what is left of each, by largest remainder; never more than is left."""
    return [part.cents for part in allocate(Money(net_cents), list(left))]
