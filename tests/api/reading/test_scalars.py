import datetime as dt
from typing import Any

import pytest

from api.reading.scalars import SCALARS


def parsed(kind: Any, value: Any) -> Any:
    parse = SCALARS[kind].parse_value
    assert parse is not None
    return parse(value)


@pytest.mark.parametrize(("given", "time"), [("09:30", dt.time(9, 30)), ("23:59:59.5", dt.time(23, 59, 59, 500_000))])
def test_a_time_of_day_is_that_of_the_clock_on_the_wall(given: str, time: dt.time) -> None:
    assert parsed(dt.time, given) == time


@pytest.mark.parametrize("given", ["09:30Z", "09:30:00+01:00", "25:00", "", 9, None, "nine"])
def test_what_is_no_time_of_day_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parsed(dt.time, given)


@pytest.mark.parametrize("given", ["2026-03-01T09:00:00", "2026-03-01", "", 1, "0001-01-01T00:00:00+14:00"])
def test_a_moment_needs_an_offset_and_a_year_that_there_is(given: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parsed(dt.datetime, given)
