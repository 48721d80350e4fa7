from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import money
from domain.errors import OutOfRange
from domain.money import LineTotal, Money, VatClass

TODAY = date(2026, 3, 1)
amounts = st.integers(-(10**10), 10**10).map(Money)
weights = st.lists(st.one_of(st.integers(0, 10**6), st.decimals(0, 1000, places=3)), min_size=1, max_size=12).filter(
    lambda parts: sum(map(Fraction, parts)) > 0
)
quantities = st.decimals(Decimal("-9999.999"), Decimal("9999.999"), places=3)
discounts = st.decimals(0, 100, places=2)


@st.composite
def lines(draw: st.DrawFn) -> LineTotal:
    return money.line_total(
        draw(quantities),
        Money(draw(st.integers(0, 10**7))),
        draw(st.sampled_from(VatClass)),
        draw(st.sampled_from([TODAY, date(2012, 9, 30)])),
        draw(discounts),
    )


@given(amounts, weights)
def test_allocated_parts_add_up_and_are_within_a_cent(whole: Money, shares: list[int | Decimal]) -> None:
    parts = money.allocate(whole, shares)
    assert money.total(parts) == whole
    base = sum(map(Fraction, shares))
    for part, share in zip(parts, shares, strict=True):
        assert abs(part.cents - whole.cents * Fraction(share) / base) < 1
        assert share != 0 or not part


@given(amounts, weights)
def test_allocating_a_negative_amount_mirrors_the_positive(whole: Money, shares: list[int | Decimal]) -> None:
    assert money.allocate(-whole, shares) == [-part for part in money.allocate(whole, shares)]


def test_the_remainder_goes_to_the_largest_fraction_then_to_the_first() -> None:
    assert [part.cents for part in money.allocate(Money(100), [1, 1, 1])] == [34, 33, 33]
    assert [part.cents for part in money.allocate(Money(5), [Decimal("0.3"), Decimal("0.7")])] == [2, 3]
    assert [part.cents for part in money.allocate(Money(10), [10, 16, 14])] == [3, 4, 3]


@pytest.mark.parametrize("shares", [[], [0, 0], [-1, 2]])
def test_weights_without_a_share_are_refused(shares: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        money.allocate(Money(100), shares)


@given(st.lists(st.tuples(st.sampled_from("abc"), lines()), max_size=20))
def test_parties_groups_and_lines_add_up_to_the_document(parted: list[tuple[str, LineTotal]]) -> None:
    whole = money.totals(line for _, line in parted)
    parties = money.totals_by_party(parted).values()
    for amount in ("net", "vat", "gross"):
        of_lines = money.total(getattr(line, amount) for _, line in parted)
        assert getattr(whole, amount) == of_lines
        assert money.total(getattr(group, amount) for group in whole.groups) == of_lines
        assert money.total(getattr(party, amount) for party in parties) == of_lines


@given(lines(), weights)
def test_a_split_line_adds_up_to_the_line(line: LineTotal, shares: list[int | Decimal]) -> None:
    parts = line.split(shares)
    for amount in ("discount", "net", "vat", "gross"):
        assert money.total(getattr(part, amount) for part in parts) == getattr(line, amount)


@given(quantities, st.integers(0, 10**7), discounts, st.sampled_from(VatClass))
def test_a_credit_line_is_the_exact_negative(count: Decimal, cents: int, percent: Decimal, kind: VatClass) -> None:
    line = money.line_total(count, Money(cents), kind, TODAY, percent)
    assert money.line_total(-count, Money(cents), kind, TODAY, percent) == -line


@given(quantities, st.integers(0, 10**7), discounts)
def test_line_amounts_are_the_exact_values_rounded_once(count: Decimal, cents: int, percent: Decimal) -> None:
    line = money.line_total(count, Money(cents), VatClass.STANDARD, TODAY, percent)
    exact = Fraction(count) * cents * (100 - Fraction(percent)) / 100
    assert abs(line.net.cents - exact) <= Fraction(1, 2)
    assert abs(line.vat.cents - line.net.cents * Fraction(21, 100)) <= Fraction(1, 2)
    assert line.discount + line.net == Money(cents).times(count)


def test_halves_are_rounded_away_from_zero() -> None:
    assert Money(5).times(Decimal("0.5")) == Money(3)
    assert Money(-5).times(Decimal("0.5")) == Money(-3)
    assert Money(1).times(Decimal("0.4999999999999999999999999999999999999")) == Money(0)


def test_a_known_line() -> None:
    line = money.line_total(Decimal("2.5"), Money(1999), VatClass.STANDARD, TODAY, Decimal(10))
    assert (line.discount, line.net, line.vat, line.gross) == (Money(500), Money(4498), Money(945), Money(5443))


def test_rates_follow_the_day_of_supply() -> None:
    assert money.vat_rate(VatClass.STANDARD, date(2012, 9, 30)) == 19
    assert money.vat_rate(VatClass.STANDARD, date(2012, 10, 1)) == 21
    assert money.vat_rate(VatClass.REDUCED, date(2018, 12, 31)) == 6
    assert money.vat_rate(VatClass.REDUCED, date(2019, 1, 1)) == 9
    assert {money.vat_rate(kind, TODAY) for kind in list(VatClass)[2:]} == {Decimal(0)}
    with pytest.raises(money.NoVatRate):
        money.vat_rate(VatClass.STANDARD, date(2000, 12, 31))


def test_zero_rated_classes_stay_apart_in_the_totals() -> None:
    kinds = [VatClass.ZERO, VatClass.STANDARD, VatClass.REVERSE_CHARGE, VatClass.STANDARD]
    whole = money.totals(money.line_total(Decimal(1), Money(100), kind, TODAY) for kind in kinds)
    assert [(group.vat_class, group.net.cents, group.vat.cents) for group in whole.groups] == [
        (VatClass.STANDARD, 200, 42),
        (VatClass.REVERSE_CHARGE, 100, 0),
        (VatClass.ZERO, 100, 0),
    ]
    assert [kind.category for kind in VatClass] == ["S", "S", "Z", "AE"]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(money.CurrencyMismatch, match="EUR and USD"):
        Money(1) + Money(1, "USD")
    with pytest.raises(money.CurrencyMismatch):
        assert Money(1) < Money(2, "USD")
    with pytest.raises(money.CurrencyMismatch):
        money.totals([money.line_total(Decimal(1), Money(1, "USD"), VatClass.ZERO, TODAY)])


@pytest.mark.parametrize("cents", [1.0, True, "1", Decimal(1)])
def test_only_integers_are_cents(cents: object) -> None:
    with pytest.raises(TypeError):
        Money(cents)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1000000000", "1e30"])
def test_quantities_out_of_range_are_refused(value: str) -> None:
    with pytest.raises(OutOfRange):
        money.quantity(Decimal(value))


@pytest.mark.parametrize("value", ["0.0005", "1.2345", "0." + "0" * 40 + "1"])
def test_quantities_have_three_decimals(value: str) -> None:
    with pytest.raises(money.TooManyDecimals, match="3"):
        money.quantity(Decimal(value))
    assert money.quantity(Decimal("1.50000")) == Decimal("1.5")


@pytest.mark.parametrize("value", ["-0.01", "100.01", "NaN"])
def test_discounts_lie_between_0_and_100(value: str) -> None:
    with pytest.raises(OutOfRange):
        money.discount(Decimal(value))


def test_amounts_are_bounded() -> None:
    with pytest.raises(money.AmountTooLarge):
        Money(money.MAX_CENTS) + Money(1)
    with pytest.raises(money.AmountTooLarge):
        Money(money.MAX_CENTS).times(money.MAX_QUANTITY)


@given(st.integers(-(10**15), 10**15))
def test_amounts_in_euros_go_both_ways(cents: int) -> None:
    assert Money.from_amount(Money(cents).amount) == Money(cents)


def test_fractions_of_a_cent_are_refused() -> None:
    with pytest.raises(money.TooManyDecimals):
        Money.from_amount(Decimal("1.005"))
    assert Money.from_amount(Decimal(100), "JPY") == Money(100, "JPY")


def test_amounts_are_written_in_the_readers_language() -> None:
    assert Money(-123456).format("nl") == "€\N{NO-BREAK SPACE}-1.234,56"
    assert Money(123456).format("nl") == "€\N{NO-BREAK SPACE}1.234,56"
    assert Money(123456).format("en-US") == "€1,234.56"
