"""Audit files: every line of a year once, in an order and form that a schema of our own words accepts."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting.auditfile import making
from domain.accounting.auditfile.checking import check
from domain.accounting.auditfile.elements import element
from domain.accounting.auditfile.errors import AuditFileRefused
from domain.accounting.auditfile.writing import NAMESPACE, Sums, write
from domain.accounting.errors import YearNotBegun
from domain.accounting.models import AuditFileState
from domain.documents.models import Document
from domain.documents.storing import with_content
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import credit, debit
from domain.money import Money
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BusinessEntity
from tests import factories
from tests.domain.ledger.books import entity_of, posted, sale

_X = f"{{{NAMESPACE}}}"


async def no_progress(done: int, total: int) -> None:
    assert done <= total


async def booked(database: Database) -> UUID:
    """Entries of two years and three journals; what is due from a customer whose name is no XML."""
    entity_id = await entity_of(database)
    async with database.session(SYSTEM) as session:
        entity = await session.get_one(BusinessEntity, entity_id)
        customer = await factories.person(session, entity, name="Jan & <Zoon>")
        await posted(session, entity_id, "before", booked_on=date(2024, 12, 31), text="vorig jaar")
        await posted(session, entity_id, "first", booked_on=date(2025, 1, 1), text="CC-2025-00001 & meer")
        await posted(session, entity_id, "last", booked_on=date(2025, 12, 31), text="CC-2025-00002")
        await posted(session, entity_id, "after", booked_on=date(2026, 1, 1))
        fee = [
            debit(AccountRole.PROVIDER_FEES, Money(50), contact_id=customer.id),
            credit(AccountRole.BANK, Money(50), contact_id=customer.id),
        ]
        await posted(session, entity_id, "fee", kind=EntryKind.FEE, legs=fee, booked_on=date(2025, 5, 5))
    return entity_id


async def written(session: AsyncSession, entity_id: UUID, directory: Path, year: int = 2025) -> tuple[Path, Sums]:
    entity = await session.get_one(BusinessEntity, entity_id)
    return await write(session, entity, year, directory, date(2026, 1, 2), no_progress)


async def test_a_year_is_told_once_in_balance_and_as_the_schema_says(database: Database, tmp_path: Path) -> None:
    entity_id = await booked(database)
    async with database.session(SYSTEM) as session:
        path, sums = await written(session, entity_id, tmp_path)
        counted = await session.execute(
            text(
                "SELECT count(*), sum(debit_cents) FROM journal_line "
                "WHERE entity_id = :e AND booked_on BETWEEN '2025-01-01' AND '2025-12-31'"
            ),
            {"e": entity_id},
        )
        assert (sums.lines, sums.debit) == tuple(counted.one())
    assert check(path) == sums == Sums(8, 242_50, 242_50)
    company = ElementTree.parse(path).getroot().find(f"{_X}company")
    assert company is not None
    journals = [each.findtext(f"{_X}jrnID") for each in company.iter(f"{_X}journal")]
    assert journals == ["VERK", "BANK"]
    opening = company.find(f"{_X}openingBalance")
    assert opening is not None
    lines = [(each.findtext(f"{_X}accID"), each.findtext(f"{_X}amnt")) for each in opening.iter(f"{_X}obLine")]
    assert lines == [("0900", "100.00"), ("1000", "121.00"), ("1500", "21.00")]
    assert "Jan & <Zoon>" in [each.findtext(f"{_X}custSupName") for each in company.iter(f"{_X}customerSupplier")]
    assert {each.findtext(f"{_X}leadReference") for each in company.iter(f"{_X}ledgerAccount")} == {"RGS"}
    vat = [(each.findtext(f"{_X}vatID"), each.findtext(f"{_X}vatAmnt")) for each in company.iter(f"{_X}vat")]
    assert vat == [("HOOG", "21.00")] * 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<totalDebit>242.50</totalDebit>", b"<totalDebit>242.51</totalDebit>"),
        (b"<linesCount>8</linesCount>", b"<linesCount>9</linesCount>"),
        (b"<amntTp>D</amntTp>", b"<amntTp>X</amntTp>"),
        (b"<accID>8090</accID><docRef>", b"<accID>9999</accID><docRef>"),
        (b"<periodNumber>5</periodNumber><trDt>", b"<periodNumber>13</periodNumber><trDt>"),
        (b"<trDt>2025-01-01</trDt>", b""),
        (b"</auditfile>", b""),
    ],
)
async def test_a_file_that_is_none_is_refused(database: Database, tmp_path: Path, old: bytes, new: bytes) -> None:
    entity_id = await booked(database)
    async with database.session(SYSTEM) as session:
        path, _ = await written(session, entity_id, tmp_path)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(AuditFileRefused):
        check(path)


async def test_an_empty_year_is_a_file_too(database: Database, tmp_path: Path) -> None:
    entity_id = await entity_of(database)
    async with database.session(SYSTEM) as session:
        path, sums = await written(session, entity_id, tmp_path, 2023)
    assert check(path) == sums == Sums()


async def test_entries_in_another_currency_are_refused(database: Database, tmp_path: Path) -> None:
    entity_id = await entity_of(database)
    dollars: Any = [debit(AccountRole.CASH, Money(100, "USD")), credit(AccountRole.REVENUE_OTHER, Money(100, "USD"))]
    async with database.session(SYSTEM) as session:
        await posted(session, entity_id, legs=dollars, booked_on=date(2025, 3, 3))
        with pytest.raises(AuditFileRefused, match="USD"):
            await written(session, entity_id, tmp_path)


async def test_it_is_kept_as_a_document_once(database: Database) -> None:
    entity_id = await booked(database)
    async with database.session(SYSTEM) as session:
        asked = await making.ask(session, entity_id, 2025)
        made = await making.make(session, asked.id, no_progress)
        again = await making.make(session, asked.id, no_progress)
        assert (made.state, made.lines, again.document_id) == (AuditFileState.MADE, 8, made.document_id)
        assert made.document_id is not None
        [document] = await with_content(session, [made.document_id])
        assert isinstance(document, Document)
        assert document.content.startswith(b"<?xml")
        assert document.file_name.endswith("-2025.xaf")


async def test_a_year_that_has_not_begun_is_refused(database: Database) -> None:
    entity_id = await entity_of(database)
    async with database.session(SYSTEM) as session:
        for year in (1999, 2999):
            with pytest.raises(YearNotBegun):
                await making.ask(session, entity_id, year)


def test_texts_are_cut_and_cleaned() -> None:
    assert element("desc", "a\x00b<c>", 4) == "<desc>ab&lt;c</desc>"
    assert element("desc", None) == element("desc", "") == ""


def test_sums_are_of_a_sale() -> None:
    sums = Sums()
    for leg in sale():
        sums.add(leg.amount.cents)
    assert (sums.lines, sums.debit, sums.credit) == (3, 121_00, 121_00)
