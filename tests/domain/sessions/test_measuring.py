"""Energy from registers: restarts, wild values, coarse meters; parts add up to the whole."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.sessions.measuring import Point, Span, cut, digest, intervals, measure

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
MOST_W = 22_000


def at(minutes: float, wh: int) -> Point:
    return Point(START + timedelta(minutes=minutes), wh)


def test_energy_is_how_much_the_register_rose() -> None:
    found = measure([at(0, 100_000), at(30, 105_000), at(60, 111_000)], MOST_W)
    assert (found.wh, found.restarted, found.estimated) == (11_000, False, False)
    assert [span.wh for span in found.spans] == [5_000, 6_000]


def test_a_register_that_restarts_counts_on_from_nothing() -> None:
    found = measure([at(0, 800_000), at(30, 805_000), at(60, 2_000), at(90, 7_000)], MOST_W)
    assert (found.wh, found.restarted, found.estimated) == (12_000, True, False)


def test_single_wild_values_are_passed_over() -> None:
    for wild in (9_999_999, 90_000, 12):
        found = measure([at(0, 500_000), at(5, 501_000), at(10, wild + 300_000), at(15, 503_000)], MOST_W)
        assert (found.wh, found.restarted, found.estimated) == (3_000, False, False)


def test_another_register_is_believed_once_it_agrees_with_itself() -> None:
    before = [at(0, 500_000), at(10, 502_000)]
    after = [at(20, 71_000_000), at(30, 71_002_000), at(40, 71_004_000), at(50, 71_006_000)]
    found = measure([*before, *after], MOST_W)
    assert (found.wh, found.restarted, found.estimated) == (2_000 + 6_000, True, True)
    assert found.spans[-1].end == after[-1].at


def test_an_end_that_cannot_be_adds_nothing_and_says_so() -> None:
    found = measure([at(0, 500_000), at(10, 502_000), at(11, 90_000_000)], MOST_W)
    assert (found.wh, found.estimated, found.spans[-1].end) == (2_000, True, at(11, 0).at)


def test_the_end_may_be_rounded_otherwise_than_what_was_read() -> None:
    found = measure([at(0, 500_000), at(10, 502_743), at(11, 502_000)], MOST_W)
    assert (found.wh, found.restarted) == (2_000, False)


def test_a_register_of_whole_kilowatt_hours_may_jump_by_one() -> None:
    found = measure([at(0, 500_000), at(0.1, 501_000), at(30, 511_000)], MOST_W)
    assert (found.wh, found.estimated) == (11_000, False)


def test_a_connector_that_gives_more_than_is_recorded_is_believed() -> None:
    assert measure([at(0, 0), at(15, 5_500), at(30, 11_000)], 11_000).wh == 11_000


rising = st.lists(st.tuples(st.integers(1, 120), st.floats(0, 1)), min_size=1, max_size=30)


@given(rising, st.integers(0, 10**9))
def test_energy_is_the_end_less_the_start_whatever_was_read_between(steps: list[tuple[int, float]], start: int) -> None:
    points = [at(0, start)]
    for minutes, share in steps:
        last = points[-1]
        rose = int(MOST_W * minutes / 60 * share)
        points.append(Point(last.at + timedelta(minutes=minutes), last.wh + rose))
    found = measure(points, MOST_W)
    assert found.wh == points[-1].wh - start == measure([points[0], points[-1]], MOST_W).wh
    assert (found.restarted, found.estimated) == (False, False)
    assert [span.start for span in found.spans] == [point.at for point in points[:-1]]


@given(st.integers(0, 10**7), st.integers(1, 10**6), st.lists(st.floats(0.01, 0.99), max_size=6))
def test_parts_of_a_span_add_up_to_the_wh(wh: int, seconds: int, places: list[float]) -> None:
    span = Span(START, START + timedelta(seconds=seconds), wh)
    parts = cut(span, sorted({START + timedelta(seconds=seconds * place) for place in places}))
    assert sum(part.wh for part in parts) == wh
    assert (parts[0].start, parts[-1].end) == (span.start, span.end)
    assert all(part.wh >= 0 and part.start < part.end for part in parts)


def test_pauses_and_what_comes_after_the_last_energy_are_idle() -> None:
    spans = measure([at(0, 0), at(60, 6_000), at(120, 6_000)], MOST_W).spans
    found = intervals(spans, [(at(30, 0).at, at(40, 0).at)])
    assert [(i.energy_wh, i.charging) for i in found] == [(3_000, True), (1_000, False), (2_000, True), (0, False)]
    assert digest(found) != digest(found[:-1])


def test_what_was_read_before_a_restart_is_not_rounded_to_the_end() -> None:
    read = [at(0, 1_000), at(10, 3_000), at(20, 10), at(30, 2_000)]
    assert measure(read, MOST_W).wh == 2_000 + 10 + 1_990
