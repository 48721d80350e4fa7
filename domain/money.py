"""Money: integer minor units and an ISO 4217 currency; amounts never lose or gain a cent.

Rounding is half up, symmetric about zero, so that a credit note is the exact negative of its invoice. VAT is
computed and rounded per line: the Belastingdienst ("Btw-bedrag afronden") allows rounding per supply or over the
total, if one method is kept to. The VAT of a rate, a party or a document is the sum of its lines', so it does not
depend on how lines are grouped, and moving a line to another payer never changes the whole. Where an amount has to
be cut, `allocate` gives the remainder to the largest fractions. The validation rules of EN 16931 (BR-CO-17) accept a
VAT amount that differs from rate * total by less than one euro.
"""

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext
from enum import StrEnum
from fractions import Fraction
from functools import total_ordering
from typing import Self, TypeVar

from babel.numbers import format_currency, get_currency_precision

from domain.errors import DomainError, InvalidInput, OutOfRange, WrongType, language_of

K = TypeVar("K", bound=Hashable)

MAX_CENTS = 10**15
QUANTITY_DECIMALS = 3
MAX_QUANTITY = Decimal("999999999.999")
DISCOUNT_DECIMALS = 2
_LOCALES = {"nl": "nl_NL", "en": "en_GB"}
_CURRENCY = re.compile(r"[A-Z]{3}")


class CurrencyMismatch(DomainError):
    code = "CURRENCY_MISMATCH"
    nl = "Bedragen in {left} en {right} kunnen niet samen."
    en = "Amounts in {left} and {right} cannot be combined."


class AmountTooLarge(DomainError):
    code = "AMOUNT_TOO_LARGE"
    nl = "Het bedrag is te groot."
    en = "The amount is too large."


class TooManyDecimals(InvalidInput):
    code = "TOO_MANY_DECIMALS"
    nl = "Maximaal {maximum} cijfers achter de komma."
    en = "At most {maximum} decimals."


class NoVatRate(DomainError):
    code = "NO_VAT_RATE"
    nl = "Er is geen btw-tarief bekend voor {date}."
    en = "No VAT rate is known for {date}."


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of a currency."""

    cents: int
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if type(self.cents) is not int:
            raise TypeError(f"cents must be int, not {type(self.cents).__name__}")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"{self.currency!r} is not an ISO 4217 code")
        if abs(self.cents) > MAX_CENTS:
            raise AmountTooLarge()

    @classmethod
    def zero(cls, currency: str = "EUR") -> Self:
        return cls(0, currency)

    @classmethod
    def from_amount(cls, amount: Decimal, currency: str = "EUR") -> Self:
        """The money of an amount in whole units (euros); refuses fractions of the minor unit."""
        places = get_currency_precision(currency)
        return cls(int(_plain(amount, places, Decimal(MAX_CENTS)).scaleb(places)), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in whole units (euros)."""
        return Decimal(self.cents).scaleb(-get_currency_precision(self.currency))

    def _cents_of(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return other.cents

    def __add__(self, other: "Money") -> "Money":
        return Money(self.cents + self._cents_of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.cents - self._cents_of(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.cents, self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.cents * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        return self.cents < self._cents_of(other)

    def __bool__(self) -> bool:
        return self.cents != 0

    def times(self, *factors: Decimal) -> "Money":
        """The product of the amount and the factors, exact until it is rounded once, half up."""
        return Money(round_half_up(_product(Decimal(self.cents), *factors)), self.currency)

    def format(self, language: str = "nl") -> str:
        """ "€ 1.234,56" for nl, "€1,234.56" for en (the space is a no-break space)."""
        return format_currency(self.amount, self.currency, locale=_LOCALES[language_of(language)])


def round_half_up(value: Decimal) -> int:
    """The nearest integer; halves away from zero."""
    return int(value.to_integral_value(ROUND_HALF_UP))


def _product(*factors: Decimal) -> Decimal:
    # Inexact is trapped: a product that needs more than 80 digits is an error, never a silent rounding.
    with localcontext(Context(prec=80, traps=[Inexact, InvalidOperation, Overflow])):
        product = Decimal(1)
        for factor in factors:
            product *= factor
        return product


def _plain(value: Decimal, places: int, maximum: Decimal, *, minimum: Decimal | None = None) -> Decimal:
    """The value, if it is finite, within the bounds and has no more than the given decimals."""
    low = -maximum if minimum is None else minimum
    if not value.is_finite() or not low <= value <= maximum:
        raise OutOfRange(minimum=low, maximum=maximum)
    # Bounded above, so only a long tail of decimals can exceed the default precision; normalize() would round it.
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places and value != value.quantize(Decimal(1).scaleb(-places)):
        raise TooManyDecimals(maximum=places)
    return value


def decimal(value: object, minimum: Decimal, maximum: Decimal, places: int) -> Decimal:
    """A number, also written as text, within the bounds and with no more decimals than that."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise WrongType(expected={"nl": "een getal", "en": "a number"})
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise WrongType(expected={"nl": "een getal", "en": "a number"}) from None
    if not number.is_finite() or not minimum <= number <= maximum:
        raise OutOfRange(minimum=minimum, maximum=maximum)
    if number != round(number, places):
        raise TooManyDecimals(maximum=places)
    return number


def quantity(value: Decimal) -> Decimal:
    """A quantity that fits numeric(12,3); negative on credit lines."""
    return _plain(value, QUANTITY_DECIMALS, MAX_QUANTITY)


def discount(value: Decimal) -> Decimal:
    """A discount in percent, 0 to 100 with two decimals."""
    return _plain(value, DISCOUNT_DECIMALS, Decimal(100), minimum=Decimal(0))


def total(amounts: Iterable[Money], currency: str = "EUR") -> Money:
    """The sum; zero of the currency for no amounts."""
    whole = Money.zero(currency)
    for amount in amounts:
        whole += amount
    return whole


def allocate(whole: Money, weights: Sequence[int | Decimal]) -> list[Money]:
    """Cut an amount in proportion to the weights (≥ 0, not all 0) by largest remainder.

    The parts add up to the whole, each differs from its exact share by less than a cent, a weight of 0 gets nothing.
    Ties go to the first.
    """
    shares = [Fraction(weight) for weight in weights]
    base = sum(shares)
    if base <= 0 or min(shares) < 0:
        raise ValueError("weights must be at least 0, and not all 0")
    exact = [abs(whole.cents) * share / base for share in shares]
    parts = [int(part) for part in exact]
    by_fraction = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_fraction[: abs(whole.cents) - sum(parts)]:
        parts[i] += 1
    return [Money(-part if whole.cents < 0 else part, whole.currency) for part in parts]


def part_of(whole: Money, part: int, of: int) -> Money:
    """whole * part / of, rounded once, half up and symmetric about zero; `of` is above 0."""
    exact = Fraction(whole.cents * part, of)
    nearest = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return Money(nearest if exact >= 0 else -nearest, whole.currency)


class VatClass(StrEnum):
    """Dutch VAT: 21 %, 9 %, 0 %, or shifted to the customer."""

    STANDARD = "STANDARD"
    REDUCED = "REDUCED"
    ZERO = "ZERO"
    REVERSE_CHARGE = "REVERSE_CHARGE"

    @property
    def category(self) -> str:
        """The category code of EN 16931 (UNCL 5305)."""
        return {"ZERO": "Z", "REVERSE_CHARGE": "AE"}.get(self.value, "S")


# Percent, from the first day of validity. Wet op de omzetbelasting 1968, art. 9.
_RATES: dict[VatClass, tuple[tuple[date, Decimal], ...]] = {
    VatClass.STANDARD: ((date(2012, 10, 1), Decimal(21)), (date(2001, 1, 1), Decimal(19))),
    VatClass.REDUCED: ((date(2019, 1, 1), Decimal(9)), (date(2001, 1, 1), Decimal(6))),
}


def vat_rate(vat_class: VatClass, on: date) -> Decimal:
    """The rate in percent on a day of supply (a date in Europe/Amsterdam)."""
    if vat_class not in _RATES:
        return Decimal(0)
    for since, rate in _RATES[vat_class]:
        if on >= since:
            return rate
    raise NoVatRate(date=on.isoformat())


@dataclass(frozen=True, slots=True)
class LineTotal:
    """The amounts of one line: net is after discount and without VAT, gross is net + vat."""

    vat_class: VatClass
    rate: Decimal
    discount: Money
    net: Money
    vat: Money

    @property
    def gross(self) -> Money:
        return self.net + self.vat

    def __neg__(self) -> "LineTotal":
        return LineTotal(self.vat_class, self.rate, -self.discount, -self.net, -self.vat)

    def split(self, weights: Sequence[int | Decimal]) -> list["LineTotal"]:
        """Cut the line over several payers or terms; each amount adds up to the line's."""
        cuts = zip(*(allocate(part, weights) for part in (self.discount, self.net, self.vat)), strict=True)
        return [LineTotal(self.vat_class, self.rate, *cut) for cut in cuts]


def line_total(
    count: Decimal, unit_price: Money, vat_class: VatClass, on: date, discount_percent: Decimal = Decimal(0)
) -> LineTotal:
    """count * unit price, less the discount, and its VAT at the rate of the day; net and VAT are each rounded once."""
    full = unit_price.times(quantity(count))
    net = unit_price.times(count, (Decimal(100) - discount(discount_percent)).scaleb(-2))
    rate = vat_rate(vat_class, on)
    return LineTotal(vat_class, rate, full - net, net, net.times(rate.scaleb(-2)))


@dataclass(frozen=True, slots=True)
class VatGroup:
    """The lines of one VAT class and rate, summed."""

    vat_class: VatClass
    rate: Decimal
    net: Money
    vat: Money

    @property
    def gross(self) -> Money:
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a document or of one party's part of it; groups by falling rate."""

    currency: str
    groups: tuple[VatGroup, ...]

    @property
    def net(self) -> Money:
        return total((group.net for group in self.groups), self.currency)

    @property
    def vat(self) -> Money:
        return total((group.vat for group in self.groups), self.currency)

    @property
    def gross(self) -> Money:
        return self.net + self.vat


def totals(lines: Iterable[LineTotal], currency: str = "EUR") -> Totals:
    """Totals per VAT class and rate; every line is in the currency."""
    nothing = (Money.zero(currency), Money.zero(currency))
    sums: dict[tuple[VatClass, Decimal], tuple[Money, Money]] = {}
    for line in lines:
        net, vat = sums.get((line.vat_class, line.rate), nothing)
        sums[line.vat_class, line.rate] = (net + line.net, vat + line.vat)
    order = sorted(sums, key=lambda key: (-key[1], key[0]))
    return Totals(currency, tuple(VatGroup(*key, *sums[key]) for key in order))


def totals_by_party(lines: Iterable[tuple[K, LineTotal]], currency: str = "EUR") -> dict[K, Totals]:
    """Totals per party, in the order in which parties first appear; they add up to `totals` of all lines."""
    parts: dict[K, list[LineTotal]] = {}
    for party, line in lines:
        parts.setdefault(party, []).append(line)
    return {party: totals(own, currency) for party, own in parts.items()}
