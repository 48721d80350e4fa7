"""Mandates, and files of collections and payouts: each invoice in one running file, and what becomes of it."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import select

from domain.bank import mandates, pain, runs
from domain.bank import settings as bank_settings
from domain.bank.errors import (
    FileUnderWay,
    InAnotherFile,
    InvalidCreditorId,
    MandateInForce,
    MandateNotUsable,
    NoAccount,
    NoCreditorId,
    NotABankDay,
    NothingToRun,
)
from domain.bank.mandates import lapses_on, months_after
from domain.bank.models import MatchKind, TransactionState
from domain.bank.order_models import (
    BankFile,
    BankFileLine,
    BankFileState,
    FileLineState,
    Mandate,
    MandateScheme,
    MandateState,
    MandateUse,
)
from domain.bank.sepa_text import sepa_id, sepa_text
from domain.bank.target_days import is_target_day, target_day_from
from domain.bank.wanted import LeftOut, LeftOutReason
from domain.contacts.models import Contact
from domain.documents.models import Document
from domain.errors import DomainError
from domain.invoices.models import InvoiceStatus
from domain.invoices.self_billing import SelfBilledLine, issue_self_billing
from domain.ledger.models import AccountRole
from domain.ledger.posting import today
from domain.money import Money
from domain.payments import refunding
from domain.payments.models import Destination, PaymentStatus
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.camt import PAYER, Entry, Sheet, Tx, following, one
from tests.domain.bank.banking import import_, matches, numbered, require_bank_agrees, transactions
from tests.paying import Shop, shop

CREDITOR = "NL28ZZZ091860820000"


async def bank(database: Database) -> Shop:
    s = await shop(database)
    async with s.database.session(s.actors["admin"]) as session:
        await bank_settings.save(session, s.entity.id, CREDITOR)
    return s


async def mandate(s: Shop, contact: Contact | None = None, **values: object) -> Mandate:
    given = {"iban": PAYER, "account_holder": "J. Jansen", "signed_on": today()} | values
    async with s.database.session(s.actors["finance"]) as session:
        contact_id = (contact or s.customer).id
        return await mandates.sign(session, entity_id=s.entity.id, contact_id=contact_id, **given)  # type: ignore[arg-type]  # by name


async def collect(s: Shop, *ids: UUID, **values: object) -> runs.Run:
    async with s.database.session(s.actors["finance"]) as session:
        return await runs.collect(session, entity_id=s.entity.id, invoice_ids=ids, **values)  # type: ignore[arg-type]  # by name


async def cancel(s: Shop, file: BankFile) -> BankFile:
    async with s.database.session(s.actors["finance"]) as session:
        return await runs.cancel(session, file.id, "Vergissing")


async def lines(s: Shop, file: BankFile) -> list[BankFileLine]:
    async with s.database.session(SYSTEM) as session:
        query = select(BankFileLine).where(BankFileLine.file_id == file.id).order_by(BankFileLine.position)
        return list(await session.scalars(query))


async def file_row(s: Shop, file: BankFile) -> BankFile:
    async with s.database.session(SYSTEM) as session:
        return await session.get_one(BankFile, file.id)


async def content(s: Shop, file: BankFile) -> etree._Element:
    async with s.database.session(SYSTEM) as session:
        found = await session.execute(select(Document.content).where(Document.owner_id == file.id))
        return etree.fromstring(found.scalar_one())


def texts(root: etree._Element, name: str) -> list[str | None]:
    return [element.text for element in root.iter("{*}" + name)]


async def test_an_invoice_is_collected_and_the_statement_settles_it(database: Database) -> None:
    s = await bank(database)
    await mandate(s)
    one_, two = await numbered(s, 12, 100_00, due_in=0), await numbered(s, 13, 50_00, due_in=-3)
    file = (await collect(s)).file
    assert (file.total_cents, file.lines, file.state) == (150_00, 2, BankFileState.CREATED)
    root = await content(s, file)
    assert texts(root, "CtrlSum") == ["150.00", "50.00", "100.00"]
    assert texts(root, "SeqTp") == ["FRST", "RCUR"]
    assert texts(root, "MsgId") == [file.number]
    told = [Tx(line.amount_cents, end_to_end=line.end_to_end_id) for line in await lines(s, file)]
    await import_(s, Sheet([Entry(told, code=("PMNT", "IDDT", "ESDD"))]))
    assert {(await s.invoice_row(id)).status for id in (one_, two)} == {InvoiceStatus.PAID}
    assert (await file_row(s, file)).state == BankFileState.SETTLED
    await require_bank_agrees(s, 150_00)


async def test_a_whole_block_that_is_booked_as_one_settles_its_lines(database: Database) -> None:
    s = await bank(database)
    await mandate(s)
    invoice = await numbered(s, 12, 100_00, due_in=0)
    file = (await collect(s)).file
    [line] = await lines(s, file)
    await import_(s, Sheet([Entry([Tx(100_00, name=None)], told=False, batch=line.block, batch_count=1)]))
    assert (await s.invoice_row(invoice)).status == InvoiceStatus.PAID
    await require_bank_agrees(s, 100_00)


async def test_another_amount_than_was_asked_settles_nothing(database: Database) -> None:
    s = await bank(database)
    await mandate(s)
    invoice = await numbered(s, 12, 100_00, due_in=0)
    [line] = await lines(s, (await collect(s)).file)
    await import_(s, Sheet([one(99_99, end_to_end=line.end_to_end_id)]))
    assert (await s.invoice_row(invoice)).open_cents == 100_00
    await require_bank_agrees(s, 99_99, suspense=99_99)


async def test_a_returned_collection_opens_its_invoice_again(database: Database) -> None:
    s = await bank(database)
    await mandate(s)
    invoice = await numbered(s, 12, 100_00, due_in=0)
    file = (await collect(s)).file
    [line] = await lines(s, file)
    came = Sheet([one(100_00, end_to_end=line.end_to_end_id)])
    await import_(s, came)
    await import_(s, following(came, one(-100_00, end_to_end=line.end_to_end_id, reason="AC04")))
    assert (await s.invoice_row(invoice)).open_cents == 100_00
    [back] = await lines(s, file)
    assert (back.state, back.return_reason) == (FileLineState.RETURNED, "AC04")
    returned = (await transactions(s))[1]
    assert [each.kind for each in await matches(s, returned.id)] == [MatchKind.RETURN]
    await require_bank_agrees(s, 0)
    again = (await collect(s)).file
    assert texts(await content(s, again), "SeqTp") == ["RCUR"]


async def test_an_invoice_is_in_one_running_file(database: Database) -> None:
    s = await bank(database)
    await mandate(s)
    invoice = await numbered(s, 12, 100_00, due_in=0)

    async def run() -> str:
        try:
            return (await collect(s)).file.state
        except NothingToRun as refused:
            return refused.code

    outcomes = await asyncio.gather(*[run() for _ in range(3)])
    assert outcomes.count(BankFileState.CREATED) == 1
    with pytest.raises(InAnotherFile):
        await collect(s, invoice)


async def test_cancelling_frees_what_was_in_the_file_and_the_mandate(database: Database) -> None:
    s = await bank(database)
    signed = await mandate(s, use=MandateUse.ONE_OFF)
    invoice = await numbered(s, 12, 100_00, due_in=0)
    file = (await collect(s, invoice)).file
    assert (await cancel(s, file)).state == BankFileState.CANCELLED
    again = (await collect(s, invoice)).file
    assert texts(await content(s, again), "SeqTp") == ["OOFF"]
    [line] = await lines(s, again)
    assert line.mandate_id == signed.id
    await import_(s, Sheet([one(100_00, end_to_end=line.end_to_end_id)]))
    with pytest.raises(FileUnderWay):
        await cancel(s, again)
    with pytest.raises(MandateNotUsable):
        await collect(s, await numbered(s, 13, 50_00, due_in=0))


async def test_without_a_mandate_nothing_is_collected(database: Database) -> None:
    s = await bank(database)
    invoice = await numbered(s, 12, 100_00, due_in=0)
    with pytest.raises(NothingToRun):
        await collect(s)
    with pytest.raises(MandateNotUsable):
        await collect(s, invoice)
    signed = await mandate(s)
    async with s.database.session(s.actors["finance"]) as session:
        await mandates.revoke(session, signed.id, "Op verzoek")
    with pytest.raises(MandateNotUsable):
        await collect(s, invoice)
    with pytest.raises(MandateNotUsable):
        await collect(s, invoice, scheme=MandateScheme.B2B)


async def test_a_mandate_lapses_after_36_months(database: Database) -> None:
    s = await bank(database)
    signed = await mandate(s)
    invoice = await numbered(s, 12, 100_00, due_in=0)
    async with s.database.session(SYSTEM) as session:
        (await session.get_one(Mandate, signed.id)).signed_on = months_after(today(), -37)
    with pytest.raises(MandateNotUsable):
        await collect(s, invoice)
    assert lapses_on(date(2023, 2, 28), None) == date(2026, 2, 28)
    assert lapses_on(date(2023, 2, 28), date(2024, 2, 29)) == date(2027, 2, 28)


async def test_a_payer_has_one_recurrent_mandate_of_a_scheme(database: Database) -> None:
    s = await bank(database)
    signed = await mandate(s)
    assert (signed.state, signed.reference) == (MandateState.ACTIVE, f"{s.entity.code}-M-{today().year}-00001")
    with pytest.raises(MandateInForce):
        await mandate(s)
    await mandate(s, use=MandateUse.ONE_OFF)
    with pytest.raises(DomainError):
        await mandate(s, scheme=MandateScheme.B2B)
    await mandate(s, s.partner, scheme=MandateScheme.B2B)


async def test_collections_want_a_creditor_identifier_and_a_day_of_the_banks(database: Database) -> None:
    s = await shop(database)
    with pytest.raises(NoCreditorId):
        await collect(s)
    with pytest.raises(InvalidCreditorId):
        async with s.database.session(s.actors["admin"]) as session:
            await bank_settings.save(session, s.entity.id, "NL00ZZZ091860820000")
    s = await bank(database)
    for day in (today(), date(today().year + 1, 12, 25)):
        with pytest.raises(NotABankDay):
            await collect(s, collect_on=day)


async def test_a_refund_is_paid_out_to_where_its_payment_came_from(database: Database) -> None:
    s = await bank(database)
    receipt = Sheet([one(80_00, text=f"{s.entity.code}-2026-00012", iban=PAYER)])
    await numbered(s, 12, 80_00)
    await import_(s, receipt)
    [payment] = await s.payments()
    async with s.database.session(s.actors["finance"]) as session:
        refund = await refunding.refund(session, payment.id, Money(30_00), Destination.SOURCE, "Te veel")
        run = await runs.pay_out(session, entity_id=s.entity.id)
    [line] = await lines(s, run.file)
    assert (line.iban, line.amount_cents, line.refund_id) == (PAYER, 30_00, refund.id)
    left = following(receipt, one(-30_00, end_to_end=line.end_to_end_id))
    await import_(s, left)
    assert (await s.payments())[1].status == PaymentStatus.SUCCEEDED
    await require_bank_agrees(s, 50_00)
    await import_(s, following(left, one(30_00, end_to_end=line.end_to_end_id, reason="AC04")))
    assert (await s.payments())[1].status == PaymentStatus.FAILED
    assert [each.state for each in await transactions(s)] == [TransactionState.MATCHED] * 3
    await require_bank_agrees(s, 80_00)


async def test_a_refund_in_a_running_file_is_not_put_back(database: Database) -> None:
    s = await bank(database)
    receipt = Sheet([one(80_00, text=f"{s.entity.code}-2026-00012", iban=PAYER)])
    await numbered(s, 12, 80_00)
    await import_(s, receipt)
    [payment] = await s.payments()
    async with s.database.session(s.actors["finance"]) as session:
        refund = await refunding.refund(session, payment.id, Money(30_00), Destination.SOURCE, "Te veel")
        file = (await runs.pay_out(session, entity_id=s.entity.id)).file
    with pytest.raises(InAnotherFile):
        async with s.database.session(s.actors["finance"]) as session:
            await runs.cancel_refund(session, refund.id, "Vergissing")
    assert (await s.payments())[1].status == PaymentStatus.PENDING
    await cancel(s, file)
    async with s.database.session(s.actors["finance"]) as session:
        await runs.cancel_refund(session, refund.id, "Vergissing")
    assert (await s.payments())[1].status == PaymentStatus.FAILED


async def test_a_line_of_a_refund_that_was_put_back_holds_up_no_statement(database: Database) -> None:
    s = await bank(database)
    receipt = Sheet([one(80_00, text=f"{s.entity.code}-2026-00012", iban=PAYER)])
    await numbered(s, 12, 80_00)
    await import_(s, receipt)
    [payment] = await s.payments()
    async with s.database.session(s.actors["finance"]) as session:
        refund = await refunding.refund(session, payment.id, Money(30_00), Destination.SOURCE, "Te veel")
        run = await runs.pay_out(session, entity_id=s.entity.id)
        await refunding.fail(session, refund.id, "Vergissing")
    [line] = await lines(s, run.file)
    await import_(s, following(receipt, one(-30_00, end_to_end=line.end_to_end_id)))
    paid = (await transactions(s))[1]
    assert (paid.state, await matches(s, paid.id)) == (TransactionState.UNMATCHED, [])
    assert [each.state for each in await lines(s, run.file)] == [FileLineState.PENDING]
    await require_bank_agrees(s, 50_00, suspense=-30_00)


async def test_a_number_that_is_no_iban_is_not_paid_to(database: Database) -> None:
    s = await bank(database)
    await numbered(s, 12, 80_00)
    await import_(s, Sheet([one(80_00, text=f"{s.entity.code}-2026-00012", iban="000123456789")]))
    [payment] = await s.payments()
    async with s.database.session(s.actors["finance"]) as session:
        refund = await refunding.refund(session, payment.id, Money(30_00), Destination.SOURCE, "Te veel")
    with pytest.raises(NoAccount):
        async with s.database.session(s.actors["finance"]) as session:
            await runs.pay_out(session, entity_id=s.entity.id, refund_ids=[refund.id])
    async with s.database.session(SYSTEM) as session:
        (await session.get_one(Contact, s.customer.id)).iban = PAYER
    async with s.database.session(s.actors["finance"]) as session:
        run = await runs.pay_out(session, entity_id=s.entity.id, refund_ids=[refund.id])
    assert [line.iban for line in await lines(s, run.file)] == [PAYER]


async def test_commission_is_paid_out_and_owed_again_when_it_comes_back(database: Database) -> None:
    s = await bank(database)
    async with s.database.session(SYSTEM) as session:
        (await session.get_one(Contact, s.partner.id)).iban = PAYER
        owed = await issue_self_billing(
            session,
            entity_id=s.entity.id,
            beneficiary_id=s.partner.id,
            lines=[SelfBilledLine("Provisie", 250_00)],
            period_month=today(),
        )
        gross = owed.gross_cents
    async with s.database.session(s.actors["finance"]) as session:
        run = await runs.pay_out(session, entity_id=s.entity.id, invoice_ids=[owed.id])
    [line] = await lines(s, run.file)
    assert (line.iban, line.amount_cents, line.contact_id) == (PAYER, gross, s.partner.id)
    paid = Sheet([one(-gross, end_to_end=line.end_to_end_id)])
    await import_(s, paid)
    assert (await s.invoice_row(owed.id)).status == InvoiceStatus.PAID
    assert await s.booked(AccountRole.COMMISSION_PAYABLE) == 0
    assert (await s.booked(AccountRole.BANK), await s.booked(AccountRole.SUSPENSE)) == (-gross, 0)
    await import_(s, following(paid, one(gross, end_to_end=line.end_to_end_id, reason="AC04")))
    assert (await s.invoice_row(owed.id)).open_cents == gross
    assert await s.booked(AccountRole.COMMISSION_PAYABLE) == -gross
    assert (await s.booked(AccountRole.BANK), await s.booked(AccountRole.SUSPENSE)) == (0, 0)
    async with s.database.session(s.actors["finance"]) as session:
        assert (await runs.pay_out(session, entity_id=s.entity.id, invoice_ids=[owed.id])).file.lines == 1


async def test_what_cannot_be_paid_out_is_named(database: Database) -> None:
    s = await bank(database)
    receipt = Sheet([one(80_00, text=f"{s.entity.code}-2026-00012", iban=None)])
    await numbered(s, 12, 80_00)
    await import_(s, receipt)
    [payment] = await s.payments()
    async with s.database.session(s.actors["finance"]) as session:
        refund = await refunding.refund(session, payment.id, Money(30_00), Destination.SOURCE, "Te veel")
    with pytest.raises(NothingToRun):
        async with s.database.session(s.actors["finance"]) as session:
            await runs.pay_out(session, entity_id=s.entity.id)
    with pytest.raises(DomainError) as refused:
        async with s.database.session(s.actors["finance"]) as session:
            await runs.pay_out(session, entity_id=s.entity.id, refund_ids=[refund.id])
    assert refused.value.code == "NO_BANK_ACCOUNT"
    assert await s.booked(AccountRole.PAYABLE) == -30_00


# --- pure -----------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.integers(1, 99_999_999_99)), min_size=1, max_size=4))
def test_whatever_people_are_called_the_files_hold_to_their_schemas(people: list[tuple[str, int]]) -> None:
    own = pain.Party("Zoë & Zonen «B.V.»", "NL91ABNA0417164300", CREDITOR)
    day = date(2026, 12, 1)
    payouts = [pain.Payout(name, PAYER, cents, f"X-{place}", name) for place, (name, cents) in enumerate(people)]
    data = etree.fromstring(pain.payouts_file(own, day, "CC-PO-2026-00001", payouts))
    total = sum(cents for _, cents in people)
    assert texts(data, "CtrlSum") == [f"{total // 100}.{total % 100:02d}"] * 2
    collections = [
        pain.Collection(each.name, PAYER, None, each.cents, "M-1", day, "RCUR", each.end_to_end_id, each.description)
        for each in payouts
    ]
    data = etree.fromstring(pain.collections_file(own, "CORE", day, "CC-DD-2026-00001", collections))
    assert texts(data, "CtrlSum") == [f"{total // 100}.{total % 100:02d}"] * 2


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.integers(1, 140))
def test_texts_are_in_the_set_that_every_bank_takes(text: str, most: int) -> None:
    written = sepa_text(text, most)
    assert 1 <= len(written) <= most
    assert set(written) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")
    id = sepa_id(text)
    assert len(id) <= 35
    assert "//" not in id
    assert id == id.strip("/")


def test_target_days_are_the_ecbs() -> None:
    closed = [date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25)]
    assert not any(map(is_target_day, closed))
    assert is_target_day(date(2026, 4, 27))
    assert is_target_day(date(2026, 5, 5))
    assert target_day_from(date(2026, 4, 2), after=1) == date(2026, 4, 7)


@settings(max_examples=60, deadline=None)
@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(-60, 60))
def test_months_after_a_day_stay_in_their_month(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


def test_reasons_are_named() -> None:
    assert {LeftOut(UUID(int=1), "x", reason).error().code for reason in LeftOutReason} == {
        "MANDATE_NOT_USABLE",
        "NO_BANK_ACCOUNT",
        "IN_ANOTHER_FILE",
        "NOT_FOR_THIS_FILE",
    }
