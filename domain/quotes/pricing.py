"""Amounts of lines and of parties: every line is rounded once, and what parties pay adds up to the whole."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.errors import OutOfRange
from domain.money import LineTotal, Money, Totals, VatClass, line_total, quantity, totals_by_party
from domain.quotes.offer import Line

SMALLEST_QUANTITY = Decimal("0.001")


def positive_quantity(value: Decimal) -> Decimal:
    """A quantity above 0 with at most three decimals."""
    checked = quantity(value)
    if checked <= 0:
        raise OutOfRange(minimum=SMALLEST_QUANTITY, maximum=Decimal("999999999.999"))
    return checked


def amounts(
    count: Decimal, unit_price_cents: int, currency: str, vat_class: str, on: date, discount: Decimal
) -> dict[str, Any]:
    """The amount columns of a line for supply on a day (Europe/Amsterdam)."""
    found = line_total(count, Money(unit_price_cents, currency), VatClass(vat_class), on, discount)
    return {
        "vat_rate": found.rate,
        "net_cents": found.net.cents,
        "vat_cents": found.vat.cents,
        "gross_cents": found.gross.cents,
    }


def totals_of(lines: Iterable[Line], currency: str) -> dict[UUID, Totals]:
    """Totals per payer, in the order in which payers first appear."""
    return totals_by_party(((line.payer_contact_id, _line_total(line, currency)) for line in lines), currency)


def columns_of(totals: Totals) -> dict[str, Any]:
    """The amount columns of a party."""
    return {
        "net_cents": totals.net.cents,
        "vat_cents": totals.vat.cents,
        "gross_cents": totals.gross.cents,
        "vat_breakdown": [
            {
                "vat_class": group.vat_class.value,
                "rate": str(group.rate.normalize() if group.rate else Decimal(0)),
                "net_cents": group.net.cents,
                "vat_cents": group.vat.cents,
                "gross_cents": group.gross.cents,
            }
            for group in totals.groups
        ],
    }


def _line_total(line: Line, currency: str) -> LineTotal:
    zero = Money.zero(currency)
    net, vat = Money(line.net_cents, currency), Money(line.vat_cents, currency)
    return LineTotal(VatClass(line.vat_class), line.vat_rate, zero, net, vat)
