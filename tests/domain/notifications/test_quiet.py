"""Quiet hours, over every change of the clock."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notifications.quiet import NEVER, Quiet, dutch_holidays, is_quiet, next_allowed
from domain.numbering.service import AMSTERDAM

MINUTE = timedelta(minutes=1)
CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
QUIET = st.builds(Quiet, TIMES, TIMES, st.booleans(), st.booleans())
NEAR = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-36 * 60, 36 * 60),
)
ANYTIME = st.integers(0, 8 * 366 * 86_400).map(lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(0, seconds))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@given(NEAR | ANYTIME, QUIET)
def test_it_is_the_first_instant_that_is_not_quiet(moment: datetime, quiet: Quiet) -> None:
    """Not earlier than now, not quiet, and every minute until then is."""
    allowed = next_allowed(moment, quiet)
    assert allowed >= moment
    assert not is_quiet(allowed, quiet)
    if allowed > moment:
        assert allowed - moment < timedelta(days=8)
        minutes = int((allowed - moment) / MINUTE)
        step = 1 if minutes < 1_500 else 7
        assert all(is_quiet(moment + n * MINUTE, quiet) for n in range(0, minutes, step))
        assert is_quiet(allowed - timedelta(seconds=1), quiet)


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        ("2026-06-10 20:59:59", "2026-06-10 20:59:59"),
        ("2026-06-10 21:00", "2026-06-11 08:00"),
        ("2026-06-11 07:59", "2026-06-11 08:00"),
        ("2026-06-11 08:00", "2026-06-11 08:00"),
        ("2026-03-28 22:00", "2026-03-29 08:00"),
        ("2026-10-24 22:00", "2026-10-25 08:00"),
    ],
)
def test_from_nine_in_the_evening_until_eight(moment: str, allowed: str) -> None:
    assert next_allowed(at(moment), Quiet()) == at(allowed)


def test_the_night_in_which_the_clock_goes_forward_is_an_hour_shorter() -> None:
    begin = at("2026-03-28 21:00")
    assert next_allowed(begin, Quiet()) - begin.astimezone(UTC) == timedelta(hours=10)
    back = at("2026-10-24 21:00")
    assert next_allowed(back, Quiet()) - back.astimezone(UTC) == timedelta(hours=12)


def test_an_end_that_the_clock_skips_is_the_change_itself() -> None:
    quiet = Quiet(time(22), time(2, 30))
    assert next_allowed(at("2026-03-28 23:00"), quiet) == CHANGES[0]


def test_an_end_that_comes_twice_is_the_next_one() -> None:
    quiet = Quiet(time(22), time(2, 30))
    assert next_allowed(at("2026-10-24 23:00"), quiet) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    again = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 for the second time
    assert next_allowed(again, quiet) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_weekends_and_holidays_where_they_are_chosen() -> None:
    friday = at("2026-04-03 22:00")  # Good Friday; Easter Monday is the 6th
    assert next_allowed(friday, Quiet(weekends=True)) == at("2026-04-06 08:00")
    assert next_allowed(friday, Quiet(weekends=True, holidays=True)) == at("2026-04-07 08:00")
    assert next_allowed(friday, Quiet()) == at("2026-04-04 08:00")


def test_no_quiet_hours_at_all() -> None:
    assert next_allowed(at("2026-06-10 03:00"), NEVER) == at("2026-06-10 03:00")


def test_dutch_holidays() -> None:
    assert sorted(dutch_holidays(2026)) == [
        date(2026, month, day)
        for month, day in [(1, 1), (4, 5), (4, 6), (4, 27), (5, 14), (5, 24), (5, 25), (12, 25), (12, 26)]
    ]
    assert date(2025, 4, 26) in dutch_holidays(2025)  # the 27th is a Sunday
    assert date(2025, 5, 5) in dutch_holidays(2025)
