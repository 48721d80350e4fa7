"""Boxes of the VAT return against a second computation in Python; drill-down; the ledger beside it."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from domain.accounting.errors import NoSuchBox, PeriodUnreadable
from domain.accounting.vat_return import DRILLED, VatReturn, lines_of, period_of, vat_return
from domain.invoices.models import InvoiceKind
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import credit, debit, post
from domain.money import Money, VatClass
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.domain.accounting.books import Books, Sold, books

Q1 = period_of("2026-Q1")


def figures(found: VatReturn) -> dict[str, tuple[int | None, int | None]]:
    return {
        box.name: (box.base.cents if box.base else None, box.vat.cents if box.vat else None)
        for box in found.boxes
        if (box.base and box.base.cents) or (box.vat and box.vat.cents)
    }


async def sold(mine: Books) -> None:
    """One of each: sales, a credit, work shifted, exports, and purchases from here and abroad."""
    first = await mine.invoice(Sold(100_00), Sold(33_33, VatClass.REDUCED))
    await mine.invoice(Sold(10_00), kind=InvoiceKind.CREDIT_NOTE, credits=first)
    await mine.invoice(Sold(40_00, VatClass.REVERSE_CHARGE))
    await mine.invoice(Sold(70_00, VatClass.REVERSE_CHARGE, rule="EU-B2B"))
    await mine.invoice(Sold(80_00, VatClass.ZERO, rule="EXPORT", vat_category="G"))
    purchase = InvoiceKind.SELF_BILLING
    await mine.invoice(Sold(20_00, category="COMMISSION"), kind=purchase)
    await mine.invoice(Sold(33_33, VatClass.REVERSE_CHARGE, category="COMMISSION", rule="EU-B2B"), kind=purchase)
    await mine.invoice(Sold(1_00, VatClass.ZERO, category="COMMISSION", rule="NOT-TAXABLE"), kind=purchase)
    await mine.invoice(Sold(999_00), on=date(2026, 4, 1))


async def test_each_line_is_in_one_box(database: Database, settings: Settings) -> None:
    mine = await books(database, settings)
    await sold(mine)
    async with database.session(SYSTEM) as session:
        found = await vat_return(session, mine.entity.id, Q1)
    shifted = int((Decimal(33_33) * 21 / 100).quantize(Decimal(1), ROUND_HALF_UP))
    due = 21_00 - 2_10 + 3_00 + shifted
    assert figures(found) == {
        "1a": (90_00, 18_90),
        "1b": (33_33, 3_00),
        "1e": (40_00, None),
        "3a": (80_00, None),
        "3b": (70_00, None),
        "4b": (33_33, shifted),
        "5a": (None, due),
        "5b": (None, 4_20 + shifted),
        "5g": (None, due - 4_20 - shifted),
    }
    euros = {box.name: box.vat_euros for box in found.boxes}
    assert (euros["1a"], euros["5b"]) == (18, 12)


async def test_lines_of_a_box_add_up_to_it_page_by_page(database: Database, settings: Settings) -> None:
    mine = await books(database, settings)
    await sold(mine)
    async with database.session(SYSTEM) as session:
        found = await vat_return(session, mine.entity.id, Q1)
        for box in (each for each in found.boxes if each.name in DRILLED):
            lines, after = [], None
            while page := await lines_of(session, mine.entity.id, Q1, box.name, 1, after):
                lines += page
                after = (page[-1].issued_on, page[-1].number)
            if box.base is not None:
                assert sum(line.base.cents for line in lines) == box.base.cents
            if box.vat is not None:
                assert sum(line.vat.cents for line in lines) == box.vat.cents
            assert len({line.number for line in lines}) == len(lines)


async def test_the_ledger_is_held_beside_it(database: Database, settings: Settings) -> None:
    mine = await books(database, settings)
    await mine.invoice(Sold(100_00))
    async with database.session(SYSTEM) as session:
        assert (await vat_return(session, mine.entity.id, Q1)).difference == Money(-21_00)
        legs = [debit(AccountRole.CASH, Money(21_00)), credit(AccountRole.VAT_STANDARD, Money(21_00))]
        said = {"kind": EntryKind.INVOICE, "source": ("Invoice", mine.entity.id), "booked_on": date(2026, 3, 10)}
        await post(session, entity_id=mine.entity.id, key="vat", legs=legs, **said)
        assert (await vat_return(session, mine.entity.id, Q1)).difference == Money(0)


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
        ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
    ],
)
def test_periods(name: str, since: date, until: date) -> None:
    assert (period_of(name).since, period_of(name).until) == (since, until)


@pytest.mark.parametrize("name", ["", "2026-Q5", "2026-13", "26", "2026-1", "2026-Q1 ", "٢٠٢٦", "1999"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(PeriodUnreadable):
        period_of(name)


async def test_a_box_that_is_none_is_refused(database: Database, settings: Settings) -> None:
    mine = await books(database, settings)
    async with database.session(SYSTEM) as session:
        with pytest.raises(NoSuchBox):
            await lines_of(session, mine.entity.id, Q1, "5g", 1, None)
