"""What may be claimed: the table of Besluit BIK, and statutory interest."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dunning.claims import CONSUMER_DAYS, claim_of, collection_costs, rate_on, statutory_interest
from domain.dunning.models import ReminderKind
from domain.money import Money

DUE, ON = date(2026, 1, 10), date(2026, 3, 2)
EUROS = st.integers(1, 10**9)


@pytest.mark.parametrize(
    ("principal", "costs"),
    [
        (0, 0),
        (-100_00, 0),
        (1, 40_00),
        (266_66, 40_00),
        (266_67, 40_00),
        (300_00, 45_00),
        (2_500_00, 375_00),
        (5_000_00, 625_00),
        (10_000_00, 875_00),
        (200_000_00, 2_775_00),
        (1_000_000_00, 6_775_00),
        (5_000_000_00, 6_775_00),
    ],
)
def test_collection_costs_are_those_of_the_decree(principal: int, costs: int) -> None:
    assert collection_costs(Money(principal)) == Money(costs)


@settings(max_examples=80, deadline=None)
@given(EUROS, EUROS)
def test_more_never_costs_less_to_collect(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert collection_costs(Money(less)) <= collection_costs(Money(more))
    assert Money(40_00) <= collection_costs(Money(one)) <= Money(6_775_00)


def test_rates_are_those_of_their_day() -> None:
    assert rate_on(date(2025, 12, 31), consumer=True) == 6
    assert rate_on(date(2026, 1, 1), consumer=True) == 4
    assert rate_on(date(2025, 6, 30), consumer=False) == Decimal("11.15")
    assert rate_on(date(2025, 7, 1), consumer=False) == Decimal("10.15")


def test_interest_is_counted_by_day_at_the_rate_of_the_day() -> None:
    principal = Money(10_000_00)
    assert statutory_interest(principal, date(2025, 12, 1), date(2025, 12, 31), consumer=True) == Money(49_32)
    over_new_year = statutory_interest(principal, date(2025, 12, 1), date(2026, 1, 30), consumer=True)
    assert over_new_year == Money(82_19)  # 30 days of 6 %, 30 days of 4 %: 49.315 + 32.877


def test_interest_of_a_full_year_bears_interest() -> None:
    principal = Money(10_000_00)
    assert statutory_interest(principal, date(2023, 12, 31), date(2024, 12, 30), consumer=True) == Money(700_00)
    two_years = statutory_interest(principal, date(2024, 12, 31), date(2026, 12, 31), consumer=True)
    assert two_years == Money(600_00 + 424_00)  # 6 % of 10,000, then 4 % of 10,600


@settings(max_examples=60, deadline=None)
@given(EUROS, st.dates(date(2016, 1, 1), date(2027, 1, 1)), st.integers(-10, 1500), st.booleans())
def test_interest_never_shrinks_with_time(cents: int, due: date, days: int, consumer: bool) -> None:
    def at(day: date) -> Money:
        return statutory_interest(Money(cents), due, day, consumer=consumer)

    until = due + timedelta(days=days)
    assert Money(0) <= at(until) <= at(until + timedelta(days=1)) + Money(1)
    assert days > 0 or at(until) == Money(0)


@pytest.mark.parametrize(
    ("consumer", "kind", "announced", "costs", "due"),
    [
        (True, ReminderKind.REMINDER, False, 0, False),
        (True, ReminderKind.DEMAND, False, 0, False),
        (True, ReminderKind.FINAL, False, 40_00, False),
        (True, ReminderKind.DEMAND, True, 40_00, True),
        (False, ReminderKind.REMINDER, False, 0, False),
        (False, ReminderKind.DEMAND, False, 40_00, True),
        (False, ReminderKind.FINAL, False, 40_00, True),
    ],
)
def test_a_consumer_owes_costs_only_after_the_letter_of_fourteen_days(
    consumer: bool, kind: ReminderKind, announced: bool, costs: int, due: bool
) -> None:
    claim = claim_of(
        Money(100_00), DUE, ON, kind, consumer=consumer, charges_costs=True, charges_interest=False, announced=announced
    )
    assert (claim.costs, claim.costs_due, claim.interest) == (Money(costs), due, Money(0))
    assert kind is not ReminderKind.FINAL or (claim.pay_before - ON).days == CONSUMER_DAYS > 14


def test_who_charges_nothing_claims_nothing() -> None:
    given = {"consumer": False, "charges_costs": False, "charges_interest": False, "announced": False}
    claim = claim_of(Money(100_00), DUE, ON, ReminderKind.FINAL, **given)
    assert (claim.costs, claim.interest, claim.costs_due) == (Money(0), Money(0), False)
