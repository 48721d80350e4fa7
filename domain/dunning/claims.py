"""What may be claimed beside an invoice: collection costs and statutory interest, with their sources. Pure.

Costs: Besluit vergoeding voor buitengerechtelijke incassokosten (BIK), art. 2: 15 % of the first EUR 2,500, 10 % of the
next 2,500, 5 % of the next 5,000, 1 % of the next 190,000 and 0.5 % above, at least EUR 40 and at most EUR 6,775. A
consumer owes them only once the letter of art. 6:96 lid 6 BW has named the amount and fourteen days have passed;
between businesses they are owed from the day after the due day (art. 6:96 lid 4 BW).

Interest: art. 6:119 BW (consumers) and 6:119a BW (businesses: main refinancing rate of the ECB at the start of the half
year plus 8 points). Each year the interest is added to what it is computed upon (lid 2 and 3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.dunning.models import ReminderKind
from domain.money import Money, round_half_up

_BRACKETS: tuple[tuple[int | None, Decimal], ...] = (
    (250_000, Decimal("0.15")),
    (250_000, Decimal("0.10")),
    (500_000, Decimal("0.05")),
    (19_000_000, Decimal("0.01")),
    (None, Decimal("0.005")),
)
"""Width in cents, and the share of it."""
_LEAST, _MOST = 4_000, 677_500

_CONSUMERS: tuple[tuple[date, Decimal], ...] = (
    (date(2026, 1, 1), Decimal(4)),
    (date(2025, 1, 1), Decimal(6)),
    (date(2024, 1, 1), Decimal(7)),
    (date(2023, 7, 1), Decimal(6)),
    (date(2023, 1, 1), Decimal(4)),
    (date(2015, 1, 1), Decimal(2)),
    (date(2012, 7, 1), Decimal(3)),
)
_BUSINESSES: tuple[tuple[date, Decimal], ...] = (
    (date(2025, 7, 1), Decimal("10.15")),
    (date(2025, 1, 1), Decimal("11.15")),
    (date(2024, 7, 1), Decimal("12.25")),
    (date(2024, 1, 1), Decimal("12.5")),
    (date(2023, 7, 1), Decimal(12)),
    (date(2023, 1, 1), Decimal("10.5")),
    (date(2016, 7, 1), Decimal(8)),
)
"""Percent a year from the first day of validity, newest first, as published by the Dutch government (rijksoverheid.nl,
"Hoogte van de wettelijke rente"). The last one holds until a later one is added."""
_DAYS_A_YEAR = 365
CONSUMER_DAYS = 16
"""From sending to the last day of the letter of fourteen days: it counts from the day after it was delivered."""
_DAYS_TO_PAY = {ReminderKind.REMINDER: 7, ReminderKind.DEMAND: 7, ReminderKind.FINAL: CONSUMER_DAYS}


def collection_costs(principal: Money) -> Money:
    """The costs of collecting an amount; none of nothing."""
    if principal.cents <= 0:
        return Money.zero(principal.currency)
    left, costs = principal.cents, Decimal(0)
    for width, share in _BRACKETS:
        part = left if width is None else min(left, width)
        costs += part * share
        left -= part
    return Money(min(max(round_half_up(costs), _LEAST), _MOST), principal.currency)


def rate_on(day: date, *, consumer: bool) -> Decimal:
    """The statutory rate in percent a year; the oldest that is known for days before it."""
    rates = _CONSUMERS if consumer else _BUSINESSES
    return next((rate for since, rate in rates if day >= since), rates[-1][1])


def statutory_interest(principal: Money, due_on: date, until: date, *, consumer: bool) -> Money:
    """Interest from the day after `due_on` up to and including `until`."""
    whole, of_year = Decimal(principal.cents), Decimal(0)
    for first, last, year_is_full in _spans(due_on, until, consumer=consumer):
        rate = rate_on(first + timedelta(days=1), consumer=consumer)
        of_year += whole * rate * (last - first).days / 100 / _DAYS_A_YEAR
        if year_is_full:
            whole, of_year = whole + round_half_up(of_year), Decimal(0)
    return Money(max(int(whole) - principal.cents + round_half_up(of_year), 0), principal.currency)


def _spans(after: date, until: date, *, consumer: bool) -> Iterator[tuple[date, date, bool]]:
    """(after, until, whether a year is full) between changes of the rate and anniversaries, in order."""
    changes = {since - timedelta(days=1) for since, _ in (_CONSUMERS if consumer else _BUSINESSES)}
    years = {_years_after(after, count) for count in range(1, max(until.year - after.year, 0) + 1)}
    cuts = sorted(day for day in changes | years | {until} if after < day <= until)
    begin = after
    for cut in cuts:
        yield begin, cut, cut in years
        begin = cut


def _years_after(day: date, count: int) -> date:
    try:
        return day.replace(year=day.year + count)
    except ValueError:
        return day.replace(year=day.year + count, day=28)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a reminder names beside what is open."""

    interest: Money
    costs: Money
    costs_due: bool
    """Whether the costs are claimed; else they are announced, or there are none."""
    pay_before: date


def claim_of(
    open_amount: Money,
    due_on: date,
    on: date,
    kind: ReminderKind,
    *,
    consumer: bool,
    charges_costs: bool,
    charges_interest: bool,
    announced: bool,
) -> Claim:
    """What a reminder of a kind claims on a day; `announced`: the letter of fourteen days was sent and has run out."""
    none = Money.zero(open_amount.currency)
    due = charges_costs and (announced if consumer else kind is not ReminderKind.REMINDER)
    named = due or (charges_costs and consumer and kind is ReminderKind.FINAL)
    interest = statutory_interest(open_amount, due_on, on, consumer=consumer) if charges_interest else none
    pay_before = on + timedelta(days=_DAYS_TO_PAY[kind])
    return Claim(interest, collection_costs(open_amount) if named else none, due, pay_before)
