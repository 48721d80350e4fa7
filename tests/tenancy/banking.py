"""Bank statements, mandates, files for the bank, reminders and pauses of every entity."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank.models import BankMatch, BankStatement, BankTransaction, MatchProposal
from domain.bank.order_models import BankFile, BankFileLine, Mandate
from domain.dunning.models import AccountStatement, DunningPause, DunningPolicy, Reminder
from domain.invoices.models import Invoice
from tenants.models import BusinessEntity
from tests.factories import unique

_DAY = date(2026, 3, 2)


async def add_bank(session: AsyncSession) -> None:
    """As the system."""
    for entity in (await session.execute(select(BusinessEntity).order_by(BusinessEntity.code))).scalars().all():
        own = select(Invoice).where(Invoice.entity_id == entity.id, Invoice.kind == "INVOICE", Invoice.open_cents > 0)
        for invoice in (await session.scalars(own.order_by(Invoice.id).limit(2))).all():
            await _of_invoice(session, entity, invoice)


async def _of_invoice(session: AsyncSession, entity: BusinessEntity, invoice: Invoice) -> None:
    statement = BankStatement(
        entity_id=entity.id,
        iban=entity.iban,
        reference=unique("S"),
        currency="EUR",
        opened_on=_DAY,
        closed_on=_DAY,
        opening_cents=0,
        closing_cents=20_00,
        transactions=2,
        format="camt.053.001.08",
        digest=unique(),
    )
    session.add(statement)
    await session.flush()
    waiting, matched = [_transaction(statement, position) for position in (1, 2)]
    matched.state = "MATCHED"
    session.add_all([waiting, matched])
    await session.flush()
    of_money = {"entity_id": entity.id, "currency": "EUR", "amount_cents": 10_00}
    file_line = await _file(session, entity, invoice)
    session.add(
        MatchProposal(**of_money, transaction_id=waiting.id, kind="INVOICE", invoice_ids=[invoice.id], score=60)
    )
    session.add(
        BankMatch(
            **of_money,
            transaction_id=matched.id,
            kind="LEDGER",
            account_role="ROUNDING",
            automatic=False,
            rule="BY_HAND",
            file_line_id=file_line.id,
        )
    )
    await _dunning(session, entity, invoice)


def _transaction(statement: BankStatement, position: int) -> BankTransaction:
    return BankTransaction(
        entity_id=statement.entity_id,
        statement_id=statement.id,
        position=position,
        identity=unique(),
        booked_on=_DAY,
        valued_on=_DAY,
        amount_cents=10_00,
        currency="EUR",
        kind="TRANSFER",
        state="PROPOSED",
        round=1,
        counterparty_name="J. Jansen",
        counterparty_iban="NL02ABNA0123456789",
    )


async def _file(session: AsyncSession, entity: BusinessEntity, invoice: Invoice) -> BankFileLine:
    contact = {"entity_id": entity.id, "contact_id": invoice.payer_contact_id}
    account = {"iban": "NL02ABNA0123456789"}
    mandate = Mandate(
        **contact,
        **account,
        reference=unique("M"),
        scheme="CORE",
        use="ONE_OFF",
        account_holder="J. Jansen",
        signed_on=_DAY,
    )
    file = BankFile(
        entity_id=entity.id,
        kind="DIRECT_DEBIT",
        number=unique("DD"),
        scheme="CORE",
        executes_on=_DAY,
        currency="EUR",
        lines=1,
        total_cents=10_00,
        message="pain.008.001.08",
        state="CANCELLED",
        cancelled_at=invoice.created_at,
    )
    session.add_all([mandate, file])
    await session.flush()
    line = BankFileLine(
        **contact,
        **account,
        file_id=file.id,
        position=1,
        invoice_id=invoice.id,
        mandate_id=mandate.id,
        name="J. Jansen",
        amount_cents=10_00,
        currency="EUR",
        end_to_end_id=unique(),
        block="1",
        description="",
        state="CANCELLED",
    )
    session.add(line)
    await session.flush()
    return line


async def _dunning(session: AsyncSession, entity: BusinessEntity, invoice: Invoice) -> None:
    contact = {"entity_id": entity.id, "contact_id": invoice.payer_contact_id}
    if (await session.scalars(select(DunningPolicy).where(DunningPolicy.entity_id == entity.id))).first() is None:
        session.add(DunningPolicy(entity_id=entity.id, steps=[{"days": 7, "kind": "REMINDER"}]))
    session.add(
        Reminder(
            **contact,
            invoice_id=invoice.id,
            step=1,
            kind="REMINDER",
            sent_on=_DAY,
            pay_before=_DAY + timedelta(days=7),
            open_cents=10_00,
            currency="EUR",
        )
    )
    session.add(DunningPause(entity_id=entity.id, invoice_id=invoice.id, reason="DISPUTED"))
    session.add(AccountStatement(**contact, since=_DAY, until=_DAY, currency="EUR"))
    await session.flush()
