"""The price of a session, pure: terms, usage and benefits in, itemized lines out (PR1–PR10, Decision 2).

In this order; each line says what it was made of:

1.  ENERGY, TIME and IDLE per segment: quantity × price × multiplier. The multipliers of windows that hold at the same
    time and of an emergency are multiplied, and cut to the tariff's cap. Each of the three kinds is rounded to cents
    once in all: what rounding leaves of a line goes on to the next one of its kind.
2.  START_FEE, once.
3.  MINIMUM: what the lines so far lack of it.
4.  PACK: off the energy that comes from packs, which is the first of the session: the price of those Wh with their
    multiplier, times the percentage of the pack.
5.  DISCOUNT: the percentage of the plan, of all that is left.
6.  CAP: what a monthly subscription still covers of the rest.
7.  DAMAGE_RESERVE: whole, whatever the discounts.
8.  VAT on each line, its remainder carried on, so that the VAT of the whole is that of the sum.

Discounts come after the minimum, so a price may be below it; it is never negative. Nothing used costs nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from domain.tariffs import formulas
from domain.tariffs.charging_vat import charging_vat
from domain.tariffs.formulas import Carry, Rule, Values, cents_of
from domain.tariffs.metering import from_packs, metered
from domain.tariffs.prices import NOTHING, Benefits, LineKind, LineUnit, PackShare, Price, PriceLine, net_of
from domain.tariffs.segments import Segment, cut
from domain.tariffs.terms import Terms
from domain.tariffs.usage import Interval, UnusableUsage, Usage
from domain.vat.rules import VatDecision

__all__ = [
    "NOTHING",
    "Benefits",
    "Interval",
    "LineKind",
    "LineUnit",
    "PackShare",
    "Price",
    "PriceLine",
    "Segment",
    "UnusableUsage",
    "Usage",
    "price",
]


def price(terms: Terms, usage: Usage, benefits: Benefits = NOTHING, vat: VatDecision | None = None) -> Price:
    """The price of a session; `vat` is that of charging on the day on which it ended, where none is given.

    Raises: UnusableUsage
    """
    segments = cut(terms, usage)
    decided = vat or charging_vat(usage.ended_at if usage.intervals else datetime.now(UTC))
    if not segments:
        return Price(terms.currency, (), decided)
    lines = _charged(terms, segments, usage.emergency)
    lines += from_packs([line for line in lines if line.kind is LineKind.ENERGY], benefits.packs)
    lines += _discounted(net_of(lines), benefits.plan_discount_percent)
    covered = min(benefits.cap_remaining_cents, net_of(lines))
    lines += _once(LineKind.CAP, formulas.CAP, {"covered": covered})
    lines += _once(LineKind.DAMAGE_RESERVE, formulas.DAMAGE_RESERVE, {"recorded": terms.damage_reserve_cents})
    return Price(terms.currency, tuple(_taxed(lines, decided.rate)), decided)


def _charged(terms: Terms, segments: list[Segment], emergency: bool) -> list[PriceLine]:
    """Energy, time, start fee and what they lack of the minimum."""
    lines = metered(terms, segments, emergency)
    lines += _once(LineKind.START_FEE, formulas.START_FEE, {"recorded": terms.start_fee_cents})
    if (so_far := net_of(lines)) < terms.minimum_cents:
        lines += _once(LineKind.MINIMUM, formulas.MINIMUM, {"minimum": terms.minimum_cents, "amount": so_far})
    return lines


def _discounted(amount: int, percent: Decimal) -> Iterator[PriceLine]:
    if percent:
        yield from _once(LineKind.DISCOUNT, formulas.DISCOUNT, {"amount": amount, "discountPercent": percent})


def _once(kind: LineKind, rule: Rule, values: Values) -> Iterator[PriceLine]:
    """The line of a rule that applies once, unless it is nothing."""
    if cents := cents_of(rule, values):
        inputs = {name: Decimal(value) for name, value in values.items()}
        yield PriceLine(kind, rule.name, inputs, cents, unit_price=Decimal(cents))


def _taxed(lines: Iterable[PriceLine], rate: Decimal) -> Iterator[PriceLine]:
    carry = Carry(formulas.VAT)
    for line in lines:
        cents, inputs = carry.cents({"net": line.net_cents, "vatRate": rate})
        yield replace(line, vat_cents=cents, vat_inputs=inputs)
