"""Reminders by policy: each step once, not what is disputed, agreed, collected or paid; statements of account."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from domain.bank.order_models import BankFile, BankFileLine
from domain.contacts.models import Contact, ContactType
from domain.documents.making.rendering import statement_pdf
from domain.documents.storing import of_owner
from domain.dunning import pausing, policies, reminding, sending
from domain.dunning.aged import aged
from domain.dunning.errors import AlreadyRemindedToday, DunningPaused, NobodyToRemind, NotDue, StepsNotRising
from domain.dunning.models import AccountStatement, PauseReason, Reminder, ReminderKind
from domain.dunning.policies import Policy, Step
from domain.dunning.reminding import decent
from domain.dunning.statements import statement_of
from domain.errors import DomainError, NotFound
from domain.invoices.settling import write_off
from domain.ledger.models import AccountRole
from domain.ledger.posting import today
from domain.mail.models import MailMessage
from domain.mail.service import opened
from domain.money import Money
from domain.payments import refunding, registering
from domain.payments.models import Destination, PaymentMethod
from domain.vat.models import BillingProfile
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import Brand
from tests.paying import Shop, shop
from tests.paying import _invoice as unposted_invoice
from tests.paying import _post as post_invoice
from workers.dunning import remind_of_invoices

EMAIL = "betaler@example.nl"


async def late(s: Shop, days: int, cents: int = 100_00, **payer: str) -> UUID:
    """An invoice that was due so many days ago, in the books, to somebody with an address."""
    snapshot: dict[str, Any] = {
        "name": s.customer.name,
        "email": EMAIL,
        "contact_type": ContactType.PERSON.value,
    } | payer
    async with s.database.session(SYSTEM) as session:
        made = unposted_invoice(s.entity, s.customer, cents, -days, {"payer": snapshot})
        session.add(made)
        await session.flush()
        await post_invoice(session, made, "INVOICE", cents, AccountRole.REVENUE_OTHER)
        return made.id


async def reminders(s: Shop, id: UUID) -> list[tuple[int | None, str]]:
    """Step and kind, oldest first."""
    async with s.database.session(SYSTEM) as session:
        return [(each.step, each.kind) for each in await reminding.history(session, id)]


async def by_policy(s: Shop, id: UUID, on: date | None = None) -> Reminder | None:
    async with s.database.session(SYSTEM) as session:
        return await reminding.remind_by_policy(session, id, on or today())


async def by_hand(s: Shop, id: UUID, kind: ReminderKind | None = None) -> Reminder:
    async with s.database.session(s.actors["finance"]) as session:
        return await reminding.remind_by_hand(session, id, kind)


async def sent_before(s: Shop, id: UUID, days: int) -> None:
    """As if all reminders of an invoice had been sent so many days ago."""
    async with s.database.session(SYSTEM) as session:
        ago = today() - timedelta(days=days)
        values = {"sent_on": ago, "pay_before": ago + timedelta(days=16)}
        await session.execute(update(Reminder).where(Reminder.invoice_id == id).values(values))


async def letters(s: Shop) -> list[str]:
    async with s.database.session(SYSTEM) as session:
        query = select(MailMessage).where(MailMessage.entity_id == s.entity.id).order_by(MailMessage.created_at)
        return [opened(row).body for row in await session.scalars(query)]


# --- by policy ------------------------------------------------------------------------------------------------------


async def test_steps_come_one_by_one_with_time_between_them(database: Database) -> None:
    s = await shop(database)
    id = await late(s, 60)
    assert (await by_policy(s, id)) is not None
    assert await by_policy(s, id) is None
    await sent_before(s, id, 6)
    assert await by_policy(s, id) is None
    await sent_before(s, id, 7)
    assert (await by_policy(s, id)) is not None
    await sent_before(s, id, 7)
    assert (await by_policy(s, id)) is not None
    await sent_before(s, id, 30)
    assert await by_policy(s, id) is None
    assert await reminders(s, id) == [(1, "REMINDER"), (2, "DEMAND"), (3, "FINAL")]
    final = (await letters(s))[-1]
    assert "veertien dagen" in final
    assert "€\xa040,00" in final
    assert "6:96" in final


async def test_what_is_not_due_long_enough_waits(database: Database) -> None:
    s = await shop(database)
    id = await late(s, 6)
    assert await by_policy(s, id) is None
    assert await by_policy(s, id, today() + timedelta(days=1)) is not None


async def test_several_workers_at_once_send_one_reminder(database: Database) -> None:
    s = await shop(database)
    id = await late(s, 8)
    sent = await asyncio.gather(*[by_policy(s, id) for _ in range(4)])
    assert sum(each is not None for each in sent) == 1
    assert len(await letters(s)) == 1


async def test_the_daily_round_reminds_of_all_that_is_due(database: Database) -> None:
    s = await shop(database)
    due, paid, fresh = await late(s, 8), await late(s, 8), await late(s, 1)
    async with s.database.session(s.actors["finance"]) as session:
        given: dict[str, Any] = {"method": PaymentMethod.CASH, "received_on": today(), "invoice_ids": [paid]}
        await registering.register(session, entity_id=s.entity.id, amount=Money(100_00), **given)
    await remind_of_invoices(database)
    await remind_of_invoices(database)
    assert [await reminders(s, id) for id in (due, paid, fresh)] == [[(1, "REMINDER")], [], []]


async def test_an_entity_reminds_as_it_says(database: Database) -> None:
    s = await shop(database)
    steps = (Step(3, ReminderKind.DEMAND),)
    async with s.database.session(s.actors["finance"]) as session:
        await policies.save(session, s.entity.id, Policy(steps=steps, minimum_cents=50_00, interest=True))
    small, large = await late(s, 400, 49_99), await late(s, 400, 10_000_00, contact_type="ORGANIZATION")
    assert await by_policy(s, small) is None
    reminder = await by_policy(s, large)
    assert reminder is not None
    assert (reminder.costs_cents, reminder.costs_due) == (875_00, True)
    assert reminder.interest_cents > 500_00
    async with s.database.session(s.actors["finance"]) as session:
        await policies.save(session, s.entity.id, Policy(active=False))
    assert await by_policy(s, await late(s, 400)) is None


@pytest.mark.parametrize(
    "steps",
    [
        (Step(7, ReminderKind.REMINDER), Step(7, ReminderKind.DEMAND)),
        (Step(7, ReminderKind.FINAL), Step(9, ReminderKind.REMINDER)),
    ],
)
async def test_steps_that_do_not_rise_are_refused(database: Database, steps: tuple[Step, ...]) -> None:
    s = await shop(database)
    async with s.database.session(s.actors["finance"]) as session:
        with pytest.raises(StepsNotRising):
            await policies.save(session, s.entity.id, Policy(steps=steps))


async def test_a_paused_invoice_or_payer_is_left_alone(database: Database) -> None:
    s = await shop(database)
    disputed, other = await late(s, 8), await late(s, 8)
    async with s.database.session(s.actors["finance"]) as session:
        held = await pausing.pause(
            session, entity_id=s.entity.id, reason=PauseReason.DISPUTED, invoice_id=disputed, note="Paal staat scheef"
        )
        until: dict[str, Any] = {"until": today() + timedelta(days=3)}
        await pausing.pause(
            session, entity_id=s.entity.id, reason=PauseReason.AGREED, contact_id=s.customer.id, **until
        )
    assert await by_policy(s, disputed) is None
    assert await by_policy(s, other) is None
    with pytest.raises(DunningPaused):
        await by_hand(s, disputed)
    assert await by_policy(s, other, today() + timedelta(days=4)) is not None
    assert await by_policy(s, disputed, today() + timedelta(days=400)) is None
    async with s.database.session(s.actors["finance"]) as session:
        await pausing.lift(session, held.id)
    assert await by_policy(s, disputed, today() + timedelta(days=4)) is not None


async def test_what_the_bank_is_about_to_collect_is_not_reminded_of(database: Database) -> None:
    s = await shop(database)
    id = await late(s, 8)
    async with s.database.session(SYSTEM) as session:
        file = BankFile(
            entity_id=s.entity.id,
            kind="DIRECT_DEBIT",
            number="T",
            executes_on=today(),
            currency="EUR",
            lines=1,
            total_cents=1,
            message="pain.008.001.08",
        )
        session.add(file)
        await session.flush()
        line: dict[str, Any] = {
            "iban": "NL02ABNA0123456789",
            "name": "J",
            "description": "",
            "block": "T-1",
            "end_to_end_id": "T-1",
        }
        money: dict[str, Any] = {"amount_cents": 100_00, "currency": "EUR", "contact_id": s.customer.id}
        session.add(BankFileLine(entity_id=s.entity.id, file_id=file.id, position=1, invoice_id=id, **line, **money))
    assert await by_policy(s, id) is None


# --- by hand --------------------------------------------------------------------------------------------------------


async def test_by_hand_once_a_day_and_only_what_is_due(database: Database) -> None:
    s = await shop(database)
    id = await late(s, 2)
    assert (await by_hand(s, id)).step == 1
    with pytest.raises(AlreadyRemindedToday):
        await by_hand(s, id)
    with pytest.raises(NotDue):
        await by_hand(s, await late(s, 0))
    async with s.database.session(SYSTEM) as session:
        await session.execute(update(Contact).where(Contact.id == s.customer.id).values(email=None))
    with pytest.raises(NobodyToRemind):
        await by_hand(s, await late(s, 2, email=""))


async def test_costs_are_claimed_of_a_consumer_once_the_letter_has_run_out(database: Database) -> None:
    s = await shop(database)
    id = await late(s, 60)
    letter = await by_hand(s, id, ReminderKind.FINAL)
    assert (letter.costs_cents, letter.costs_due) == (40_00, False)
    await sent_before(s, id, 16)
    assert (await by_hand(s, id, ReminderKind.DEMAND)).costs_due is False
    await sent_before(s, id, 17)
    claimed = await by_hand(s, id, ReminderKind.DEMAND)
    assert (claimed.costs_cents, claimed.costs_due) == (40_00, True)
    assert "€\xa0140,00" in (await letters(s))[-1]


def test_nobody_is_written_to_at_night() -> None:
    night = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert decent(night) == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert decent(datetime(2026, 7, 2, 1, tzinfo=UTC)) == datetime(2026, 7, 2, 6, tzinfo=UTC)
    assert decent(datetime(2026, 3, 2, 12, tzinfo=UTC)) == datetime(2026, 3, 2, 12, tzinfo=UTC)


# --- accounts -------------------------------------------------------------------------------------------------------


async def test_a_statement_tells_what_changed_and_what_is_left(database: Database) -> None:
    s = await shop(database)
    one, two = await late(s, 45, 100_00), await late(s, 5, 50_00)
    async with s.database.session(s.actors["finance"]) as session:
        given: dict[str, Any] = {"method": PaymentMethod.BANK_TRANSFER, "received_on": today()}
        payment = await registering.register(
            session, entity_id=s.entity.id, amount=Money(70_00), invoice_ids=[one], **given
        )
        await refunding.refund(session, payment.id, Money(20_00), Destination.WALLET, "Te veel")
        mistake = await registering.register(
            session, entity_id=s.entity.id, amount=Money(5_00), invoice_ids=[two], **given
        )
        await registering.reverse(session, mistake.id, "Vergissing")
        await write_off(session, two, "Oninbaar")
    for who in ("finance", "customer"):
        async with s.database.session(s.actors[who]) as session:
            period: dict[str, Any] = {"since": today() - timedelta(days=30), "until": today()}
            found = await statement_of(session, contact_id=s.customer.id, entity_id=s.entity.id, **period)
        assert (found.opening_cents, found.closing_cents) == (100_00, 50_00)
        assert [each.cents for each in found.movements if each.kind != "OTHER"] == [50_00, -70_00, 20_00]
        assert [each.cents for each in found.movements if each.kind == "OTHER"] == [-50_00]
        assert (found.ageing.to_60, found.ageing.total) == (50_00, 50_00)


async def test_nobody_reads_the_account_of_another(database: Database) -> None:
    s = await shop(database)
    await late(s, 45)
    period: dict[str, Any] = {"since": today() - timedelta(days=60), "until": today()}
    async with s.database.session(s.actors["other"]) as session:
        with pytest.raises(NotFound):
            await statement_of(session, contact_id=s.customer.id, entity_id=s.entity.id, **period)
    async with s.database.session(s.actors["finance"]) as session:
        swapped: dict[str, Any] = {"since": period["until"], "until": period["since"]}
        with pytest.raises(DomainError):
            await statement_of(session, contact_id=s.customer.id, entity_id=s.entity.id, **swapped)


async def test_receivables_are_aged_as_accounts_are(database: Database) -> None:
    s = await shop(database)
    for days, cents in ((-5, 1_00), (0, 2_00), (1, 4_00), (30, 8_00), (31, 16_00), (90, 32_00), (91, 64_00)):
        await late(s, days, cents)
    async with s.database.session(s.actors["finance"]) as session:
        found = await aged(session, [s.entity.id], today())
        account = await statement_of(
            session,
            contact_id=s.customer.id,
            entity_id=s.entity.id,
            since=today() - timedelta(days=200),
            until=today(),
        )
    [payer] = found.payers
    assert payer.invoices == 7
    assert payer.ageing == found.total == account.ageing
    sums = (found.total.not_due, found.total.to_30, found.total.to_60, found.total.to_90, found.total.above_90)
    assert sums == (3_00, 12_00, 16_00, 32_00, 64_00)


async def test_a_statement_is_made_once_and_mailed(database: Database) -> None:
    s = await shop(database)
    await late(s, 45)
    async with s.database.session(s.actors["finance"]) as session:
        period: dict[str, Any] = {"since": today() - timedelta(days=60), "until": today()}
        asked = await sending.request(
            session, contact_id=s.customer.id, entity_id=s.entity.id, to="boekhouding@example.nl", **period
        )
    for _ in range(2):
        async with s.database.session(SYSTEM) as session:
            row = await session.get_one(AccountStatement, asked.id)
            said = await sending.printable(session, row, None)
            await sending.keep_and_send(session, row, statement_pdf(said), said.closing_cents)
    assert (said.opening_cents, said.closing_cents, said.overdue_cents) == (0, 100_00, 100_00)
    async with s.database.session(s.actors["customer"]) as session:
        [kept] = await of_owner(session, ("AccountStatement", asked.id))
        assert kept.media_type == "application/pdf"
    [letter] = await letters(s)
    assert "€\xa0100,00" in letter


async def test_a_statement_without_a_brand_is_kept_and_not_mailed(database: Database) -> None:
    s, other = await shop(database), await shop(database)
    async with s.database.session(s.actors["finance"]) as session:
        period: dict[str, Any] = {"since": today() - timedelta(days=60), "until": today()}
        asked = await sending.request(session, contact_id=s.customer.id, entity_id=s.entity.id, to=EMAIL, **period)
    async with s.database.session(SYSTEM) as session:
        await session.execute(update(Brand).where(Brand.entity_id == s.entity.id).values(entity_id=other.entity.id))
        row = await session.get_one(AccountStatement, asked.id)
        await sending.keep_and_send(session, row, b"%PDF", 0)
    async with s.database.session(SYSTEM) as session:
        assert len(await of_owner(session, ("AccountStatement", asked.id))) == 1
    assert await letters(s) == []


async def test_a_reminder_goes_to_the_address_for_invoices_of_now(database: Database) -> None:
    s = await shop(database)
    id = await late(s, 8)
    async with s.database.session(SYSTEM) as session:
        given = {"contact_id": s.customer.id, "invoice_email": "facturen@example.nl"}
        session.add(BillingProfile(entity_id=s.entity.id, **given))
    assert (await by_hand(s, id)).recipient == "facturen@example.nl"
