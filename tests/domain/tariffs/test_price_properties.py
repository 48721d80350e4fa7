"""What holds of every price, whatever is used, agreed and bought."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import domain.explanations.charging_prices  # noqa: F401  # declares the formulas
from domain.errors import DomainError, DomainErrors
from domain.explanations.registry import evaluate, versions
from domain.tariffs.parsing import parse
from domain.tariffs.pricing import Benefits, Interval, LineKind, PackShare, Price, UnusableUsage, Usage, price
from domain.tariffs.segments import cut
from domain.tariffs.terms import Multiplies, Terms, Window, as_json

MICROSECOND = timedelta(microseconds=1)
BOUNDED = settings(max_examples=60, deadline=None)
FIRST = datetime(2026, 10, 24, 12, tzinfo=UTC)
"""The clock is turned back in the night after it."""

percents = st.integers(0, 10_000).map(lambda hundredths: Decimal(hundredths) / 100)
prices = st.integers(0, 1_000_000).map(lambda number: Decimal(number) / 10_000)
multipliers = st.integers(0, 3_000).map(lambda number: Decimal(number) / 1_000)
clocks = st.integers(0, 24 * 60 - 1).map(lambda minutes: time(minutes // 60, minutes % 60))
windows = st.builds(Window, st.sampled_from("ABCD"), clocks, clocks, multipliers).filter(
    lambda window: window.starts != window.until
)
terms = st.builds(
    Terms,
    energy_cents_per_kwh=prices,
    time_cents_per_hour=prices,
    idle_cents_per_hour=st.none() | prices,
    start_fee_cents=st.integers(0, 500),
    minimum_cents=st.integers(0, 3_000),
    windows=st.lists(windows, max_size=4, unique_by=lambda window: window.name).map(tuple),
    multiplies=st.sampled_from(Multiplies),
    multiplier_cap=st.none() | multipliers,
    emergency_multiplier=multipliers,
    damage_reserve_cents=st.integers(0, 100),
)
benefits = st.builds(
    Benefits,
    plan_discount_percent=percents,
    packs=st.lists(st.builds(PackShare, st.integers(0, 30_000), percents), max_size=3).map(tuple),
    cap_remaining_cents=st.integers(0, 5_000),
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Up to a day and a half of intervals with gaps, through the night on which the clock is turned."""
    steps = draw(st.lists(st.tuples(st.integers(0, 7_200), st.integers(0, 20_000)), min_size=1, max_size=8))
    ends = list(accumulate(gap + length for gap, length in steps))
    return Usage(
        tuple(
            Interval(
                FIRST + timedelta(seconds=end - length),
                FIRST + timedelta(seconds=end),
                draw(st.integers(0, 40_000)),
                draw(st.booleans()),
            )
            for end, (_, length) in zip(ends, steps, strict=True)
        ),
        draw(st.booleans()),
    )


def halves(interval: Interval, at: datetime) -> list[Interval]:
    """The interval cut in proportion to time."""
    if not interval.start < at < interval.end:
        return [interval]
    share = Fraction(
        (at - interval.start) // timedelta(microseconds=1), (interval.end - interval.start) // timedelta(microseconds=1)
    )
    first = interval.energy_wh * share
    return [
        replace(interval, end=at, energy_wh=first),
        replace(interval, start=at, energy_wh=interval.energy_wh - first),
    ]


@BOUNDED
@given(terms, usages(), benefits, st.lists(st.integers(0, 40 * 3600 * 10**6), max_size=4), st.randoms())
def test_splitting_anywhere_and_any_order_change_no_cent(
    agreed: Terms, used: Usage, bought: Benefits, cuts: list[int], chance: Random
) -> None:
    parts = list(used.intervals)
    for microseconds in cuts:
        at = FIRST + timedelta(microseconds=microseconds)
        parts = [half for part in parts for half in halves(part, at)]
    chance.shuffle(parts)
    shuffled = replace(used, intervals=tuple(parts))
    whole = price(agreed, used, bought)
    assert price(agreed, shuffled, bought).lines == whole.lines
    assert sum(s.energy_wh for s in cut(agreed, shuffled)) == used.energy_wh


@BOUNDED
@given(terms, st.integers(0, 3_599), st.integers(1, 20_000), st.integers(0, 20_000))
def test_a_reading_between_two_others_changes_no_cent_within_a_segment(
    agreed: Terms, seconds: int, first: int, second: int
) -> None:
    flat = replace(agreed, windows=())
    ends = [FIRST, FIRST + timedelta(seconds=seconds), FIRST + timedelta(hours=1)]
    read = Usage((Interval(ends[0], ends[1], first), Interval(ends[1], ends[2], second)))
    assert price(flat, read).lines == price(flat, Usage((Interval(ends[0], ends[2], first + second),))).lines


@BOUNDED
@given(terms, usages(), benefits)
def test_nothing_is_ever_negative_and_discounts_are_never_more_than_there_is(
    agreed: Terms, used: Usage, bought: Benefits
) -> None:
    found = price(agreed, used, bought)
    running = list(accumulate((line.net_cents for line in found.lines), initial=0))
    assert min(running) >= 0
    off = {LineKind.PACK, LineKind.DISCOUNT, LineKind.CAP}
    assert all((line.net_cents <= 0) if line.kind in off else (line.net_cents >= 0) for line in found.lines)
    assert (found.vat_cents >= 0, found.cap_used_cents <= bought.cap_remaining_cents) == (True, True)
    taken = sum(line.quantity for line in found.lines if line.kind is LineKind.PACK)
    assert taken <= min(sum(pack.wh for pack in bought.packs), used.energy_wh)


@BOUNDED
@given(terms, usages(), benefits)
def test_every_line_is_recomputed_from_its_own_inputs(agreed: Terms, used: Usage, bought: Benefits) -> None:
    for line in price(agreed, used, bought).lines:
        assert evaluate(versions(line.formula)[-1], line.inputs.items()).cents == line.net_cents
        assert evaluate(versions("charging.lineVat")[-1], line.vat_inputs.items()).cents == line.vat_cents


@BOUNDED
@given(terms, usages())
def test_rounding_loses_nothing(agreed: Terms, used: Usage) -> None:
    """Energy and time, each as a whole, are within half a cent of their exact price; so is the VAT."""
    found = price(agreed, used)
    for kind in (LineKind.ENERGY, LineKind.TIME, LineKind.IDLE):
        per = 1000 if kind is LineKind.ENERGY else 3600
        lines = [line for line in found.lines if line.kind is kind]
        exact = sum(
            (Fraction(line.quantity) * Fraction(line.unit_price * line.multiplier) / per for line in lines), Fraction()
        )
        assert abs(found.of(kind) - exact) <= Fraction(1, 2)
    assert abs(found.vat_cents - Fraction(found.net_cents) * Fraction(found.vat.rate) / 100) <= Fraction(1, 2)


@BOUNDED
@given(terms)
def test_terms_are_read_as_they_were_written(agreed: Terms) -> None:
    assert parse(as_json(agreed)) == agreed
    assert as_json(parse(as_json(agreed))) == as_json(agreed)


# --- bad input --------------------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "intervals",
    [
        [Interval(FIRST, FIRST - HOUR)],
        [Interval(FIRST, FIRST + HOUR, -1)],
        [Interval(FIRST, FIRST + HOUR), Interval(FIRST + HOUR / 2, FIRST + 2 * HOUR)],
        [Interval(FIRST.replace(tzinfo=None), FIRST.replace(tzinfo=None))],
    ],
)
def test_usage_that_no_meter_tells_is_refused(intervals: list[Interval]) -> None:
    with pytest.raises(UnusableUsage):
        price(Terms(), Usage(tuple(intervals)))


WINDOW = {"name": "PEAK", "since": "18:00", "until": "21:00", "multiplier": "1.5"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"energy_cents_per_kwh": "-1"}, [("OUT_OF_RANGE", ("energy_cents_per_kwh",))]),
        ({"energy_cents_per_kwh": "0.00001"}, [("TOO_MANY_DECIMALS", ("energy_cents_per_kwh",))]),
        ({"time_cents_per_hour": "NaN"}, [("OUT_OF_RANGE", ("time_cents_per_hour",))]),
        ({"time_cents_per_hour": True}, [("WRONG_TYPE", ("time_cents_per_hour",))]),
        ({"minimum_cents": 1.5}, [("WRONG_TYPE", ("minimum_cents",))]),
        ({"multiplies": "BOTH"}, [("NOT_A_CHOICE", ("multiplies",))]),
        ({"currency": "XXX"}, [("NOT_A_CHOICE", ("currency",))]),
        ({"peak": 2}, [("UNKNOWN_TARIFF_TERM", ("peak",))]),
        ({"windows": "PEAK"}, [("WRONG_TYPE", ("windows",))]),
        ({"windows": [WINDOW] * 9}, [("TOO_MANY", ("windows",))]),
        ({"windows": [WINDOW, WINDOW]}, [("DUPLICATE_VALUE", ("windows", 1, "name"))]),
        ({"windows": [WINDOW | {"until": "18:00"}]}, [("EMPTY_WINDOW", ("windows", 0, "until"))]),
        ({"windows": [WINDOW | {"since": "24:00"}]}, [("INVALID_CLOCK", ("windows", 0, "since"))]),
        (
            {"windows": [WINDOW | {"multiplier": None}], "start_fee_cents": -1},
            [("REQUIRED", ("windows", 0, "multiplier")), ("OUT_OF_RANGE", ("start_fee_cents",))],
        ),
    ],
)
def test_what_is_wrong_with_terms_is_said_where_it_is(given: dict[str, object], found: object) -> None:
    with pytest.raises((DomainError, DomainErrors)) as refused:
        parse(given)
    assert sorted((error.code, error.field) for error in refused.value.errors) == sorted(found)  # type: ignore[call-overload]


def test_a_price_says_which_vat_it_bears() -> None:
    found: Price = price(Terms(time_cents_per_hour=Decimal(100)), Usage((Interval(FIRST, FIRST + HOUR),)))
    assert (found.vat.rule, found.vat.rate) == ("NL-STANDARD", 21)
