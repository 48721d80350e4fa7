"""What colleagues say of transactions, and take back."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.bank import judging
from domain.bank.applying import Part
from domain.bank.errors import AlreadyMatched, NotMatched, PartsDoNotAddUp, WrongDirection
from domain.bank.models import BankTransaction, MatchKind, TransactionState
from domain.errors import DomainError, InvalidState, NotAChoice, NotFound
from domain.invoices.models import InvoiceStatus
from domain.ledger.models import AccountRole, LedgerAccount
from domain.payments.errors import AllocatedTooMuch
from tenants.engine import Database
from tests.camt import Sheet, one
from tests.domain.bank.banking import import_, matches, numbered, proposals, require_bank_agrees, transactions
from tests.paying import Shop, shop


async def say(s: Shop, transaction_id: UUID, *parts: Part) -> BankTransaction:
    async with s.database.session(s.actors["finance"]) as session:
        return await judging.match(session, transaction_id, parts)


async def unsay(s: Shop, transaction_id: UUID) -> BankTransaction:
    async with s.database.session(s.actors["finance"]) as session:
        return await judging.unmatch(session, transaction_id, "Verkeerd")


async def unknown(s: Shop, cents: int = 100_00) -> UUID:
    await import_(s, Sheet([one(cents, name="Niemand")], id=str(cents)))
    return (await transactions(s))[-1].id


async def test_a_transaction_is_split_and_the_split_taken_back(database: Database) -> None:
    s = await shop(database)
    one_, two = await s.invoice(50_00), await s.invoice(30_00)
    id = await unknown(s)
    await say(
        s,
        id,
        Part(MatchKind.INVOICE, 50_00, one_),
        Part(MatchKind.INVOICE, 10_00, two),
        Part(MatchKind.WALLET, 25_00, contact_id=s.customer.id),
        Part(MatchKind.LEDGER, 15_00, role=AccountRole.DUNNING_INCOME),
    )
    assert (await s.invoice_row(one_)).status == InvoiceStatus.PAID
    assert (await s.invoice_row(two)).open_cents == 20_00
    assert await s.balance() == 25_00
    assert await s.booked(AccountRole.DUNNING_INCOME) == -15_00
    await require_bank_agrees(s, 100_00)
    await unsay(s, id)
    assert (await s.invoice_row(one_)).open_cents == 50_00
    assert await s.balance() == 0
    assert await s.booked(AccountRole.DUNNING_INCOME) == 0
    assert await matches(s, id) == []
    await require_bank_agrees(s, 100_00, suspense=100_00)
    await say(s, id, Part(MatchKind.INVOICE, 50_00, one_), Part(MatchKind.WALLET, 50_00, contact_id=s.customer.id))
    await require_bank_agrees(s, 100_00)


async def test_bank_costs_go_to_an_account(database: Database) -> None:
    s = await shop(database)
    id = await unknown(s, -4_50)
    await say(s, id, Part(MatchKind.LEDGER, -4_50, role=AccountRole.PROVIDER_FEES))
    assert await s.booked(AccountRole.PROVIDER_FEES) == 4_50
    await require_bank_agrees(s, -4_50)


async def test_a_proposal_is_accepted_once_and_its_surplus_is_the_payers(database: Database) -> None:
    s = await shop(database)
    invoice = await numbered(s, 12, 80_00)
    await import_(s, Sheet([one(100_00, text=f"{s.entity.code}-2026-00012")]))
    [tx] = await transactions(s)
    [proposal] = await proposals(s, tx.id)
    assert tx.state == TransactionState.PROPOSED

    async def accept() -> str:
        try:
            async with s.database.session(s.actors["finance"]) as session:
                return (await judging.accept(session, proposal.id)).state
        except (AlreadyMatched, InvalidState) as refused:
            return refused.code

    outcomes = await asyncio.gather(accept(), accept(), accept())
    assert outcomes.count(TransactionState.MATCHED) == 1
    assert (await s.invoice_row(invoice)).status == InvoiceStatus.PAID
    assert await s.balance() == 20_00
    await require_bank_agrees(s, 100_00)


async def test_a_wrong_proposal_is_put_aside(database: Database) -> None:
    s = await shop(database)
    await numbered(s, 12, 80_00)
    await import_(s, Sheet([one(100_00, text=f"{s.entity.code}-2026-00012")]))
    [tx] = await transactions(s)
    [proposal] = await proposals(s, tx.id)
    async with s.database.session(s.actors["finance"]) as session:
        assert (await judging.reject(session, proposal.id)).state == TransactionState.UNMATCHED
    with pytest.raises(InvalidState):
        async with s.database.session(s.actors["finance"]) as session:
            await judging.accept(session, proposal.id)


async def test_an_automatic_match_is_taken_back_and_proposed(database: Database) -> None:
    s = await shop(database)
    invoice = await numbered(s, 12, 80_00)
    await import_(s, Sheet([one(80_00, text=f"{s.entity.code}-2026-00012")]))
    [tx] = await transactions(s)
    assert (await unsay(s, tx.id)).state == TransactionState.PROPOSED
    assert [each.invoice_ids for each in await proposals(s, tx.id)] == [[invoice]]
    await require_bank_agrees(s, 80_00, suspense=80_00)


async def test_ignoring_has_a_reason_and_an_undo(database: Database) -> None:
    s = await shop(database)
    id = await unknown(s)
    async with s.database.session(s.actors["finance"]) as session:
        assert (await judging.ignore(session, id, "Eigen overboeking")).state == TransactionState.IGNORED
    assert (await unsay(s, id)).state == TransactionState.UNMATCHED
    with pytest.raises(NotMatched):
        await unsay(s, id)
    await require_bank_agrees(s, 100_00, suspense=100_00)


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ([Part(MatchKind.INVOICE, 99_99)], PartsDoNotAddUp),
        ([Part(MatchKind.INVOICE, 100_01)], PartsDoNotAddUp),
        ([Part(MatchKind.INVOICE, 100_00)], AllocatedTooMuch),
        (
            [Part(MatchKind.INVOICE, 120_00), Part(MatchKind.LEDGER, -20_00, role=AccountRole.ROUNDING)],
            AllocatedTooMuch,
        ),
        ([Part(MatchKind.INVOICE, -1), Part(MatchKind.LEDGER, 100_01, role=AccountRole.ROUNDING)], WrongDirection),
    ],
)
async def test_parts_that_cannot_be_are_refused_and_nothing_is_written(
    database: Database, parts: list[Part], refusal: type[DomainError]
) -> None:
    s = await shop(database)
    invoice, id = await s.invoice(50_00), await unknown(s)
    named = [replace(each, invoice_id=invoice if each.kind is MatchKind.INVOICE else None) for each in parts]
    with pytest.raises(refusal):
        await say(s, id, *named)
    assert (await s.invoice_row(invoice)).open_cents == 50_00
    await require_bank_agrees(s, 100_00, suspense=100_00)


async def test_what_left_the_account_pays_no_invoice(database: Database) -> None:
    s = await shop(database)
    invoice, id = await s.invoice(50_00), await unknown(s, -50_00)
    with pytest.raises(WrongDirection):
        await say(s, id, Part(MatchKind.INVOICE, -50_00, invoice))


async def test_accounts_that_agree_with_rows_are_no_choice(database: Database) -> None:
    s = await shop(database)
    async with s.database.session(s.actors["finance"]) as session:
        query = select(LedgerAccount).where(LedgerAccount.entity_id == s.entity.id)
        accounts = {each.role: each.id for each in await session.scalars(query)}
        for role in (AccountRole.RECEIVABLE, AccountRole.BANK, AccountRole.WALLET, AccountRole.SUSPENSE):
            with pytest.raises(NotAChoice):
                await judging.role_of(session, s.entity.id, accounts[role])
        assert await judging.role_of(session, s.entity.id, accounts[AccountRole.ROUNDING]) is AccountRole.ROUNDING


async def test_who_does_not_see_a_transaction_does_not_match_it(database: Database) -> None:
    s, other = await shop(database), await shop(database)
    id = await unknown(s)
    with pytest.raises(NotFound):
        await say(other, id, Part(MatchKind.LEDGER, 100_00, role=AccountRole.ROUNDING))
    foreign = await other.invoice(100_00)
    with pytest.raises(NotFound):
        await say(s, id, Part(MatchKind.INVOICE, 100_00, foreign))
