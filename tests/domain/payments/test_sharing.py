"""How amounts are shared out, for any invoices and any payment."""

from datetime import date
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.payments.sharing import Allocated, Held, OpenInvoice, oldest_first, taken_out

CENTS = st.integers(0, 10**15)
OPEN = st.integers(-(10**9), 10**9)
INVOICES = st.lists(
    st.builds(OpenInvoice, st.uuids(version=4), st.dates(date(2025, 1, 1), date(2027, 1, 1)), OPEN),
    max_size=6,
    unique_by=lambda each: each.id,
)


@settings(max_examples=150)
@given(CENTS, INVOICES)
def test_no_invoice_gets_more_than_is_open_and_no_later_one_is_paid_first(
    cents: int, invoices: list[OpenInvoice]
) -> None:
    shares = oldest_first(cents, invoices)
    by_id = {each.id: each for each in invoices}
    assert all(0 < share <= by_id[id].open_cents for id, share in shares.items())
    wanted = sum(max(each.open_cents, 0) for each in invoices)
    assert sum(shares.values()) == min(cents, wanted)
    unpaid = [each for each in invoices if shares.get(each.id, 0) < each.open_cents]
    if unpaid:
        first = min(each.due_on for each in unpaid)
        assert all(by_id[id].due_on <= first for id in shares)


HELD = st.builds(
    Held,
    INVOICES.flatmap(
        lambda invoices: st.tuples(
            *[st.builds(Allocated, st.uuids(version=4), st.integers(0, 10**9), st.just(each)) for each in invoices]
        )
    ),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
)


@settings(max_examples=150)
@given(st.integers(1, 10**10), HELD)
def test_what_is_taken_out_of_a_payment_adds_up_and_is_there(cents: int, held: Held) -> None:
    parts = taken_out(cents, held)
    left = {each.id: each.left_cents for each in held.allocations}
    assert all(0 < part <= left[id] for id, part in parts.allocations.items())
    assert 0 <= parts.wallet_cents <= held.wallet_cents
    assert 0 <= parts.suspense_cents <= held.suspense_cents
    taken = sum(parts.allocations.values()) + parts.wallet_cents + parts.suspense_cents
    assert taken + parts.missing_cents == cents
    assert taken == min(cents, held.total)


def _open(id: int, day: int, cents: int) -> OpenInvoice:
    return OpenInvoice(UUID(int=id), date(2026, 1, day), cents)


def test_what_is_overpaid_goes_back_before_what_is_owed_is_opened_again() -> None:
    credited, paid = _open(1, 1, -30), _open(2, 2, 0)
    held = Held([Allocated(UUID(int=8), 100, credited), Allocated(UUID(int=9), 100, paid)], wallet_cents=20)
    assert taken_out(30, held).allocations == {UUID(int=8): 30}
    assert taken_out(45, held).wallet_cents == 15
    assert taken_out(60, held).allocations == {UUID(int=8): 30, UUID(int=9): 10}
    assert taken_out(10, Held(held.allocations, 20, 15)).suspense_cents == 10
