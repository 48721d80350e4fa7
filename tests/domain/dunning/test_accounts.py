"""An account of what is owed: nothing is lost between the balances, and every cent has an age."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dunning.accounts import Movement, StatementEntryKind, account, bucket

DAY = date(2026, 3, 2)
INVOICES = [UUID(int=number) for number in range(1, 5)]
MOVEMENTS = st.lists(
    st.builds(
        Movement,
        on=st.dates(date(2025, 6, 1), date(2026, 6, 1)),
        kind=st.sampled_from(StatementEntryKind),
        number=st.sampled_from(["1", "2", "3"]),
        cents=st.integers(-(10**6), 10**6),
        invoice_id=st.sampled_from(INVOICES),
        source_id=st.sampled_from(INVOICES),
    ),
    max_size=15,
)
DUES = st.fixed_dictionaries({id: st.dates(date(2025, 6, 1), date(2026, 6, 1)) for id in INVOICES})


@settings(max_examples=150, deadline=None)
@given(MOVEMENTS, DUES, st.dates(date(2025, 5, 1), date(2026, 7, 1)), st.integers(0, 300))
def test_opening_and_movements_are_the_closing_balance_and_its_ages(
    movements: list[Movement], due: dict[UUID, date], since: date, days: int
) -> None:
    until = since + timedelta(days=days)
    found = account(movements, due, since, until)
    assert found.opening_cents == sum(each.cents for each in movements if each.on < since)
    assert found.closing_cents == sum(each.cents for each in movements if each.on <= until)
    assert found.opening_cents + sum(each.cents for each in found.movements) == found.closing_cents
    assert found.ageing.total == found.closing_cents == sum(found.open_by_invoice.values())
    assert [each.on for each in found.movements] == sorted(each.on for each in found.movements)


@settings(max_examples=60, deadline=None)
@given(MOVEMENTS, DUES, st.dates(date(2025, 7, 1), date(2026, 5, 1)))
def test_a_period_begins_where_the_one_before_ended(
    movements: list[Movement], due: dict[UUID, date], cut: date
) -> None:
    first = account(movements, due, date(2025, 5, 1), cut)
    second = account(movements, due, cut + timedelta(days=1), date(2026, 7, 1))
    assert first.closing_cents == second.opening_cents
    assert len(first.movements) + len(second.movements) == len(movements)


@pytest.mark.parametrize(
    ("late", "wanted"), [(-5, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (900, 4)]
)
def test_buckets_begin_the_day_after_the_due_day(late: int, wanted: int) -> None:
    assert bucket(DAY - timedelta(days=late), DAY) == wanted
