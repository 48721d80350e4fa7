"""Prices that are known by hand: Decision 2's example, edges of windows, the two nights of the clock, stacking."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from domain.tariffs.pricing import Benefits, Interval, LineKind, PackShare, Price, Usage, price
from domain.tariffs.segments import cut
from domain.tariffs.terms import Multiplies, Terms, Window

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
K = LineKind
PLAIN = Terms(energy_cents_per_kwh=Decimal(50), time_cents_per_hour=Decimal(300), damage_reserve_cents=0)
PER_HOUR = Terms(time_cents_per_hour=Decimal(3600), damage_reserve_cents=0)
"""A cent a second: every multiplier shows in the cents."""
ENERGY = Terms(energy_cents_per_kwh=Decimal(50), windows=(), damage_reserve_cents=0)


def at(clock: str, day: str = "2026-03-10") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=AMSTERDAM)


def used(start: datetime, end: datetime, wh: int = 0, *, charging: bool = True, emergency: bool = False) -> Usage:
    return Usage((Interval(start, end, wh, charging),), emergency)


def hour(start: datetime, hours: float = 1) -> datetime:
    """So many hours later, by a clock that nobody turns."""
    return datetime.fromtimestamp(start.timestamp() + 3600 * hours, AMSTERDAM)


def stretches(found: Price, kind: LineKind = K.TIME) -> list[tuple[str, int, str]]:
    """Window, seconds or Wh, multiplier of the lines of a kind."""
    return [
        (line.segment.name, line.quantity, f"{line.multiplier.normalize():f}")
        for line in found.lines
        if line.kind is kind and line.segment
    ]


# --- Decision 2 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("multiplies", "net", "gross"),
    [(Multiplies.ALL, 2400, 2904), (Multiplies.TIME, 1900, 2299), (Multiplies.ENERGY, 2100, 2541)],
)
def test_twenty_kwh_and_two_hours_at_peak(multiplies: Multiplies, net: int, gross: int) -> None:
    found = price(replace(PLAIN, multiplies=multiplies), used(at("18:30"), at("20:30"), 20_000))
    assert (found.net_cents, found.gross_cents) == (net, gross)


def test_the_same_off_peak_has_no_multiplier() -> None:
    assert price(PLAIN, used(at("10:00"), at("12:00"), 20_000)).net_cents == 1600


# --- edges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edge", "before", "after"),
    [("06:00", "0.8", "1"), ("18:00", "1", "1.5"), ("21:00", "1.5", "1"), ("22:00", "1", "0.8")],
)
def test_a_window_has_its_first_moment_and_not_its_last(edge: str, before: str, after: str) -> None:
    middle = at(edge)
    minute = timedelta(minutes=1)
    found = stretches(price(PER_HOUR, used(middle - minute, middle + minute)))
    assert [(seconds, multiplier) for _, seconds, multiplier in found] == [(60, before), (60, after)]
    assert [each[2] for each in stretches(price(PER_HOUR, used(middle - minute, middle)))] == [before]
    assert [each[2] for each in stretches(price(PER_HOUR, used(middle, middle + minute)))] == [after]


def test_a_whole_day_is_cut_at_all_four_edges() -> None:
    found = price(PER_HOUR, used(at("00:00"), at("00:00", "2026-03-11")))
    assert stretches(found) == [
        ("NIGHT", 6 * 3600, "0.8"),
        ("STANDARD", 12 * 3600, "1"),
        ("PEAK", 3 * 3600, "1.5"),
        ("STANDARD", 3600, "1"),
        ("NIGHT", 2 * 3600, "0.8"),
    ]
    assert found.net_cents == 8 * 2880 + 13 * 3600 + 3 * 5400


def test_energy_that_crosses_an_edge_is_cut_in_proportion_and_adds_up() -> None:
    found = price(replace(PLAIN, time_cents_per_hour=Decimal(0)), used(at("17:00"), at("20:00"), 10_000))
    assert stretches(found, K.ENERGY) == [("STANDARD", 3333, "1"), ("PEAK", 6667, "1.5")]
    assert [line.net_cents for line in found.lines] == [167, 500]


# --- the nights on which the clock is turned --------------------------------------------------------------------------


def test_the_night_of_spring_is_an_hour_short() -> None:
    found = price(PER_HOUR, used(at("22:00", "2026-03-28"), at("07:00", "2026-03-29")))
    assert stretches(found) == [("NIGHT", 7 * 3600, "0.8"), ("STANDARD", 3600, "1")]


def test_the_night_of_autumn_is_an_hour_long() -> None:
    found = price(PER_HOUR, used(at("22:00", "2026-10-24"), at("07:00", "2026-10-25")))
    assert stretches(found) == [("NIGHT", 9 * 3600, "0.8"), ("STANDARD", 3600, "1")]


def test_a_window_that_begins_in_the_missing_hour_begins_when_the_clock_jumps() -> None:
    terms = replace(PER_HOUR, windows=(Window("LATE", time(2, 30), time(4), Decimal(2)),))
    found = price(terms, used(at("01:30", "2026-03-29"), at("05:00", "2026-03-29")))
    assert stretches(found) == [("STANDARD", 1800, "1"), ("LATE", 3600, "2"), ("STANDARD", 3600, "1")]


def test_a_window_in_the_hour_that_comes_twice_holds_twice() -> None:
    terms = replace(PER_HOUR, windows=(Window("LATE", time(2, 30), time(4), Decimal(2)),))
    start = at("02:00", "2026-10-25")
    found = price(terms, used(start, hour(start, 3)))
    assert stretches(found) == [
        ("STANDARD", 1800, "1"),
        ("LATE", 1800, "2"),
        ("STANDARD", 1800, "1"),
        ("LATE", 5400, "2"),
    ]


# --- multipliers ------------------------------------------------------------------------------------------------------

EVENT = Window("EVENT", time(19), time(20), Decimal("1.2"))


def test_windows_and_an_emergency_multiply_each_other() -> None:
    terms = replace(PER_HOUR, windows=(*PER_HOUR.windows, EVENT))
    found = price(terms, used(at("18:00"), at("21:00"), emergency=True))
    assert stretches(found) == [("PEAK", 3600, "3"), ("PEAK+EVENT", 3600, "3.6"), ("PEAK", 3600, "3")]


@pytest.mark.parametrize(("cap", "multiplier"), [("3.2", "3.2"), ("2", "2"), ("4", "3.6")])
def test_a_cap_cuts_their_product(cap: str, multiplier: str) -> None:
    terms = replace(PER_HOUR, windows=(*PER_HOUR.windows, EVENT), multiplier_cap=Decimal(cap))
    assert price(terms, used(at("19:00"), at("20:00"), emergency=True)).net_cents == 3600 * Decimal(multiplier)


def test_an_emergency_at_night_is_both() -> None:
    found = price(PLAIN, used(at("23:00"), at("00:00", "2026-03-11"), 10_000, emergency=True))
    assert found.net_cents == (500 + 300) * Decimal("1.6")


def test_start_fee_minimum_and_reserve_are_not_multiplied() -> None:
    terms = replace(PLAIN, start_fee_cents=35, damage_reserve_cents=50)
    found = price(terms, used(at("18:30"), at("20:30"), 20_000, emergency=True))
    assert (found.of(K.START_FEE), found.of(K.DAMAGE_RESERVE)) == (35, 50)
    assert found.net_cents == 4800 + 35 + 50


# --- minimum, discounts, cap, reserve, tax: in this order -------------------------------------------------------------


def test_the_minimum_is_of_energy_time_and_start_fee_before_discounts() -> None:
    terms = replace(ENERGY, start_fee_cents=100, minimum_cents=500, damage_reserve_cents=50)
    found = price(terms, used(at("10:00"), at("11:00"), 2_000), Benefits(Decimal(20)))
    assert [(line.kind, line.net_cents) for line in found.lines] == [
        (K.ENERGY, 100),
        (K.START_FEE, 100),
        (K.MINIMUM, 300),
        (K.DISCOUNT, -100),
        (K.DAMAGE_RESERVE, 50),
    ]
    assert (found.net_cents, found.vat_cents, found.gross_cents) == (450, 95, 545)


def test_a_pack_that_runs_out_in_the_middle_takes_off_what_came_first() -> None:
    terms = replace(PLAIN, time_cents_per_hour=Decimal(0))
    ten_percent = Benefits(packs=(PackShare(8_000, Decimal(10)),))
    found = price(terms, used(at("17:00"), at("19:00"), 12_000), ten_percent)
    assert [(line.kind, line.quantity, line.net_cents) for line in found.lines] == [
        (K.ENERGY, 6_000, 300),
        (K.ENERGY, 6_000, 450),
        (K.PACK, 6_000, -30),
        (K.PACK, 2_000, -15),
    ]


def test_a_prepaid_pack_cancels_its_energy_to_the_cent_and_then_the_next_pack_is_used() -> None:
    terms = replace(PLAIN, time_cents_per_hour=Decimal(0), energy_cents_per_kwh=Decimal("33.33"))
    usage = used(at("17:00"), at("22:30"), 10_001)
    assert price(terms, usage, Benefits(packs=(PackShare(20_000, Decimal(100)),))).net_cents == 0
    two = price(terms, usage, Benefits(packs=(PackShare(4_000, Decimal(100)), PackShare(9_000, Decimal(10)))))
    assert sum(line.quantity for line in two.lines if line.kind is K.PACK) == 10_001


def test_discount_then_cap_then_reserve() -> None:
    terms = replace(ENERGY, damage_reserve_cents=50)
    usage = used(at("10:00"), at("11:00"), 20_000)
    part = price(terms, usage, Benefits(Decimal(10), cap_remaining_cents=400))
    assert [(line.kind, line.net_cents) for line in part.lines] == [
        (K.ENERGY, 1000),
        (K.DISCOUNT, -100),
        (K.CAP, -400),
        (K.DAMAGE_RESERVE, 50),
    ]
    whole = price(terms, usage, Benefits(Decimal(10), cap_remaining_cents=5000))
    assert (whole.cap_used_cents, whole.net_cents) == (900, 50)


def test_time_in_which_nothing_is_charged_has_its_own_price_where_the_tariff_says_so() -> None:
    usage = Usage((Interval(at("10:00"), at("11:00"), 5_000), Interval(at("11:00"), at("12:00"), 0, charging=False)))
    assert price(PLAIN, usage).of(K.TIME) == 600
    apart = price(replace(PLAIN, idle_cents_per_hour=Decimal(900)), usage)
    assert (apart.of(K.TIME), apart.of(K.IDLE)) == (300, 900)
    free = price(replace(PLAIN, idle_cents_per_hour=Decimal(0)), usage)
    assert (free.of(K.TIME), free.of(K.IDLE)) == (300, 0)


@pytest.mark.parametrize("usage", [Usage(), used(at("10:00"), at("10:00"))])
def test_nothing_used_costs_nothing(usage: Usage) -> None:
    assert price(replace(PLAIN, minimum_cents=500, start_fee_cents=100), usage).lines == ()


def test_energy_of_a_moment_is_priced_where_it_falls() -> None:
    terms = replace(PLAIN, time_cents_per_hour=Decimal(0))
    assert stretches(price(terms, used(at("18:00"), at("18:00"), 1_000)), K.ENERGY) == [("PEAK", 1_000, "1.5")]


def test_segments_say_what_holds_and_are_whole() -> None:
    [segment] = cut(PLAIN, used(at("10:00:00"), at("10:00:01"), 1))
    assert (segment.name, segment.energy_wh, segment.charging_seconds) == ("STANDARD", 1, 1)
