"""Parts and credits of any lines add up to the cent, in whatever order they come."""

from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from domain.invoices.billing import (
    Billed,
    Creditable,
    OrderLine,
    bill,
    credit_net,
    credit_quantity,
    credit_rest,
    spread,
    sums,
)
from domain.invoices.models import InvoicePart
from domain.invoices.settling import open_of, status_of
from domain.money import Money, VatClass, line_total
from domain.vat.rules import VatParty, decide
from tests.domain.vat.test_rules import DAY

QUANTITIES = st.decimals("0.001", "999", places=3)
PRICES = st.integers(0, 10_000_00)
DISCOUNTS = st.decimals(0, 100, places=2)
CLASSES = st.sampled_from([VatClass.STANDARD, VatClass.REDUCED, VatClass.ZERO, VatClass.REVERSE_CHARGE])


@st.composite
def order_lines(draw: st.DrawFn) -> OrderLine:
    quantity, price, discount, own = draw(QUANTITIES), draw(PRICES), draw(DISCOUNTS), draw(CLASSES)
    total = line_total(quantity, Money(price), own, DAY, discount)
    return OrderLine(
        line_item_id=uuid4(),
        order_id=uuid4(),
        article_id=None,
        sku="",
        category="OTHER",
        description="Line",
        quantity=quantity,
        unit="piece",
        unit_price_cents=price,
        discount_percent=discount,
        net_cents=total.net.cents,
        vat_cents=total.vat.cents,
        vat=decide(own, "OTHER", "NL", VatParty("NL"), DAY),
    )


@bounded(max_examples=150, deadline=None)
@given(
    st.lists(order_lines(), min_size=1, max_size=4),
    st.lists(st.decimals(0, 99, places=2), max_size=4, unique=True).map(sorted),
)
def test_parts_of_an_order_add_up_to_what_was_signed(lines: list[OrderLine], shares: list[Decimal]) -> None:
    billed: dict[UUID, Billed] = {}
    for share in [*shares, Decimal(100)]:
        part = InvoicePart.FINAL if share == 100 else InvoicePart.PROGRESS
        made = bill(lines, billed, share, part)
        total = sums(made)
        assert total.net_cents == sum(line.net_cents for line in made)
        assert total.gross_cents == sum(line.gross_cents for line in made)
        for line in made:
            assert line.net_cents >= 0
            assert line.vat_cents >= 0
            full = Money(line.unit_price_cents).times(line.quantity).cents
            assert full - line.discount_cents == line.net_cents
            assert line.line_item_id is not None
            before = billed.get(line.line_item_id, Billed())
            billed[line.line_item_id] = Billed(
                before.net_cents + line.net_cents,
                before.vat_cents + line.vat_cents,
                before.percent + (line.portion_percent or 100),
            )
    for line in lines:
        found = billed.get(line.line_item_id, Billed())
        assert (found.net_cents, found.vat_cents) == (line.net_cents, line.vat_cents)
    assert bill(lines, billed, Decimal(100), InvoicePart.FINAL) == []


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int]]:
    return draw(st.lists(st.tuples(st.sampled_from(["quantity", "net"]), st.integers(1, 1000)), max_size=8))


@bounded(max_examples=300, deadline=None)
@given(QUANTITIES, st.integers(0, 10_000_00), st.integers(0, 2_100_00), steps())
def test_credits_never_exceed_the_line_and_the_rest_takes_the_remainder(
    quantity: Decimal, net: int, vat: int, wanted: list[tuple[str, int]]
) -> None:
    line = Creditable(quantity, net, vat)
    for how, permille in wanted:
        if how == "quantity":
            asked = (line.left_quantity * permille / 1000).quantize(Decimal("0.001"))
            taken = credit_quantity(line, asked) if asked else None
        else:
            asked_net = line.left_net_cents * permille // 1000
            taken = credit_net(line, asked_net) if asked_net else None
        if taken is not None:
            assert min(taken.quantity, taken.net_cents, taken.vat_cents) >= 0
            line = _after(line, taken)
    rest = credit_rest(line)
    line = _after(line, rest)
    assert line.exhausted
    assert (line.credited_quantity, line.credited_net_cents, line.credited_vat_cents) == (quantity, net, vat)


def _after(line: Creditable, taken: object) -> Creditable:
    credited = (
        line.credited_quantity + taken.quantity,  # type: ignore[attr-defined]  # a Credit
        line.credited_net_cents + taken.net_cents,  # type: ignore[attr-defined]
        line.credited_vat_cents + taken.vat_cents,  # type: ignore[attr-defined]
    )
    found = Creditable(line.quantity, line.net_cents, line.vat_cents, *credited)
    assert min(found.left_quantity, found.left_net_cents, found.left_vat_cents) >= 0
    return found


def test_a_credit_of_one_of_three_that_do_not_divide_evenly() -> None:
    line = Creditable(Decimal(3), 100_00, 21_00)
    taken = []
    for _ in range(3):
        taken.append(credit_quantity(line, Decimal(1)))
        line = _after(line, taken[-1])
    assert [credit.net_cents for credit in taken] == [33_33, 33_34, 33_33]
    assert [credit.vat_cents for credit in taken] == [7_00, 7_00, 7_00]


@bounded(max_examples=100)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6).filter(any), st.data())
def test_an_amount_over_lines_takes_no_more_of_one_than_is_left(left: list[int], data: st.DataObject) -> None:
    net = data.draw(st.integers(1, sum(left)))
    parts = spread(net, left)
    assert sum(parts) == net
    assert all(0 <= part <= rest for part, rest in zip(parts, left, strict=True))


@bounded(max_examples=100)
@given(st.integers(1, 10**6), st.data())
def test_the_state_of_an_invoice_follows_from_its_amounts(gross: int, data: st.DataObject) -> None:
    credited = data.draw(st.integers(0, gross))
    paid = data.draw(st.integers(0, gross))
    left = open_of(gross, paid, credited, 0)
    status = status_of(gross, paid, credited, 0)
    if credited == gross:
        assert status == "CREDITED"
    elif left <= 0:
        assert status == "PAID"
    else:
        assert status == ("PARTIALLY_PAID" if paid else "ISSUED")
        assert status_of(gross, paid, credited, left) == "WRITTEN_OFF"
