"""Statements are read in once, whoever sends them at once; what is certain settles, the rest waits in suspense."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.bank import judging
from domain.bank.errors import StatementCurrency, StatementDiffers, StatementOfOtherAccount, StatementTotals
from domain.bank.importing import ImportOutcome
from domain.bank.models import BankStatement, BankTransaction, MatchKind, TransactionState
from domain.documents.models import DocumentKind
from domain.documents.storing import of_owner
from domain.errors import DomainError
from domain.invoices.models import InvoiceStatus
from domain.ledger.models import AccountRole, JournalEntry
from domain.ledger.posting import today
from domain.money import Money
from domain.payments.models import PaymentMethod, Provider
from domain.payments.receiving import receive
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.camt import PAYER, Entry, Sheet, Tx, following, one
from tests.domain.bank.banking import (
    creditor,
    import_,
    numbered,
    proposals,
    require_bank_agrees,
    transactions,
)
from tests.factories import unique
from tests.paying import Shop, shop


async def _rows(s: Shop) -> tuple[int, int, int]:
    """Statements, transactions and journal entries of the entity."""
    async with s.database.session(SYSTEM) as session:
        counts = [
            await session.scalar(select(func.count()).select_from(model).where(model.entity_id == s.entity.id))
            for model in (BankStatement, BankTransaction, JournalEntry)
        ]
    return tuple(count or 0 for count in counts)  # type: ignore[return-value]  # three of them


async def test_what_is_certain_settles_and_the_rest_waits(database: Database) -> None:
    s = await shop(database)
    by_reference, by_text, alike = [
        await numbered(s, number, cents) for number, cents in ((12, 100_00), (13, 50_00), (14, 75_00))
    ]
    code = s.entity.code
    sheet = Sheet(
        [
            one(100_00, reference=creditor(f"{code}-2026-00012")),
            one(20_00, text=f"deel {code} 2026 00013"),
            one(75_00, name=s.customer.name),
            one(33_33, name="Niemand"),
            one(-4_50, name=None),
        ]
    )
    [done] = await import_(s, sheet)
    assert (done.transactions, done.matched, done.proposed, done.unmatched) == (5, 2, 1, 2)
    assert (await s.invoice_row(by_reference)).status == InvoiceStatus.PAID
    assert (await s.invoice_row(by_text)).open_cents == 30_00
    assert (await s.invoice_row(alike)).open_cents == 75_00
    likely = (await transactions(s))[2]
    assert [each.invoice_ids for each in await proposals(s, likely.id)] == [[alike]]
    await require_bank_agrees(s, 223_83, suspense=103_83)


async def test_the_same_file_at_the_same_moment_is_imported_once(database: Database) -> None:
    s = await shop(database)
    invoice = await numbered(s, 12, 100_00)
    sheet = Sheet([one(60_00, text=f"{s.entity.code}-2026-00012"), one(7_00, name="Niemand")])
    done = await asyncio.gather(*[import_(s, sheet, version=version) for version in ("08", "02", "08")])
    assert sorted(each.outcome for [each] in done) == [ImportOutcome.ALREADY_IMPORTED] * 2 + [ImportOutcome.IMPORTED]
    assert len({each.statement_id for [each] in done}) == 1
    assert (await s.invoice_row(invoice)).paid_cents == 60_00
    await require_bank_agrees(s, 67_00, suspense=7_00)


async def test_a_statement_under_another_number_is_the_same_statement(database: Database) -> None:
    s = await shop(database)
    sheet = Sheet([one(60_00)])
    [[first], [second]] = [await import_(s, each) for each in (sheet, replace(sheet, id="COPY"))]
    assert (second.outcome, second.statement_id) == (ImportOutcome.ALREADY_IMPORTED, first.statement_id)


async def test_a_booking_that_a_statement_had_before_is_recognized(database: Database) -> None:
    s = await shop(database)
    early = one(60_00, bank_id="B1")
    await import_(s, Sheet([early]))
    [whole] = await import_(s, Sheet([early, one(5_00, bank_id="B2")], id="S2"))
    assert (whole.transactions, whole.duplicates) == (1, 1)
    assert [each.amount_cents for each in await transactions(s)] == [60_00, 5_00]
    await require_bank_agrees(s, 65_00, suspense=65_00)


@pytest.mark.parametrize(
    ("sheet", "refusal"),
    [
        (Sheet([one(60_00)], closing=0), StatementTotals),
        (Sheet([one(60_00)], iban=PAYER), StatementOfOtherAccount),
        (Sheet([one(60_00, currency="USD")], currency="USD"), StatementCurrency),
        (Sheet([one(61_00)]), StatementDiffers),
    ],
)
async def test_what_is_refused_writes_nothing(database: Database, sheet: Sheet, refusal: type[DomainError]) -> None:
    s = await shop(database)
    await import_(s, Sheet([one(60_00)]))
    before = await _rows(s)
    with pytest.raises(refusal):
        await import_(s, following(Sheet([one(60_00)]), one(5_00), id="good"), sheet)
    assert await _rows(s) == before


async def test_a_gap_is_told_until_it_is_filled(database: Database) -> None:
    s = await shop(database)
    first = Sheet([one(60_00)], sequence=1)
    second = following(first, one(5_00))
    third = following(second, one(7_00))
    await import_(s, first)
    [late] = await import_(s, third)
    assert late.missing == "2"
    [filled] = await import_(s, second)
    assert filled.missing is None
    async with s.database.session(SYSTEM) as session:
        assert (await session.get_one(BankStatement, late.statement_id)).missing is None


async def test_the_file_is_kept(database: Database) -> None:
    s = await shop(database)
    [done] = await import_(s, Sheet([one(60_00)]))
    async with s.database.session(s.actors["finance"]) as session:
        [kept] = await of_owner(session, ("BankStatement", done.statement_id))
    assert kept.kind == DocumentKind.CAMT


async def test_a_payout_of_a_provider_is_asked_about_once(database: Database) -> None:
    s = await shop(database)
    invoice = await numbered(s, 12, 100_00)
    async with s.database.session(SYSTEM) as session:
        given: dict[str, Any] = {
            "method": PaymentMethod.IDEAL,
            "provider": Provider.MOLLIE,
            "provider_id": unique("tr_"),
        }
        await receive(
            session, entity_id=s.entity.id, amount=Money(100_00), received_on=today(), invoice_ids=[invoice], **given
        )
    mollie = Tx(40_00, "Stg Mollie Payments", PAYER)
    first = Sheet([Entry([mollie])])
    await import_(s, first)
    [payout] = await transactions(s)
    [proposed] = await proposals(s, payout.id)
    assert proposed.kind == MatchKind.PROVIDER_PAYOUT
    async with s.database.session(s.actors["finance"]) as session:
        await judging.accept(session, proposed.id)
    await import_(s, following(first, Entry([mollie]), Entry([replace(mollie, cents=40_01)])))
    states = [each.state for each in await transactions(s)]
    assert states == [TransactionState.MATCHED, TransactionState.MATCHED, TransactionState.UNMATCHED]
    assert await s.booked(AccountRole.PROVIDER_CLEARING) == 20_00
    await require_bank_agrees(s, 120_01, suspense=40_01)
