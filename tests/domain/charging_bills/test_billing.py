"""Billing of sessions: once, to whom owes it, and corrected to the cent whatever comes late, twice or out of order."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

import domain.tables  # noqa: F401  # what the books have to agree with is declared
from domain.charging_bills import bills, collecting, reactions
from domain.charging_bills.balancing import Amount, Plan, documents, plan
from domain.charging_bills.errors import AlreadyWaived, NotWaived, PayerInvoiced, SessionNotOver
from domain.charging_bills.models import SessionBill, SessionBilling, SessionBillLine, SessionRevenue
from domain.documents.loading import printable
from domain.documents.making.validating import faults_of
from domain.documents.making.whole import make
from domain.events.models import Event
from domain.invoices.crediting import credit
from domain.invoices.models import Invoice, InvoiceLine
from domain.jobs.models import Job
from domain.ledger.checks import check_books
from domain.ledger.models import AccountRole, EntryKind, JournalLine, LedgerAccount
from domain.ledger.posting import credit as credited
from domain.ledger.posting import debit, post
from domain.money import Money
from domain.sessions import transactions
from domain.sessions.models import ReportKind
from domain.tariffs import assigning
from domain.tariffs.models import BenefitUse, ChargingOffer, EnergyPack
from domain.tariffs.terms import Terms, Window
from domain.telemetry.readings import Reading
from domain.vat.models import BillingProfile
from domain.wallets import service as wallets
from domain.wallets.models import MovementKind
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.billing_sessions import EVENING, TERMS, Place, charging_place, session_of, tariff
from tests.charging import told
from tests.pricing import tariff_of

HOUR = timedelta(hours=1)


async def books_hold(place: Place) -> None:
    async with place.database.session(SYSTEM) as session:
        assert [each for each in await check_books(session, [place.entity_id]) if not each.holds] == []


async def balance(place: Place, role: AccountRole) -> int:
    """Credit less debit."""
    async with place.database.session(SYSTEM) as session:
        query = select(func.coalesce(func.sum(JournalLine.credit_cents - JournalLine.debit_cents), 0))
        query = query.join(LedgerAccount, LedgerAccount.id == JournalLine.account_id)
        query = query.where(LedgerAccount.entity_id == place.entity_id, LedgerAccount.role == role.value)
        return int((await session.execute(query)).scalar_one())


async def test_a_session_is_priced_and_invoiced_once_whoever_asks(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge()
    await asyncio.gather(*(place.bill(session_id) for _ in range(4)))
    billing = await place.bill(session_id)
    assert (billing.status, billing.net_cents, billing.vat_cents, billing.gross_cents) == ("INVOICED", 2400, 504, 2904)
    assert (billing.payer_contact_id, billing.energy_wh) == (place.yard.driver.id, 20_000)
    assert [bill.version for bill in await place.versions(session_id)] == [1]
    [invoice] = await place.invoices()
    assert (invoice.part, invoice.kind, invoice.gross_cents, invoice.payer_contact_id) == (
        "CHARGING",
        "INVOICE",
        2904,
        place.yard.driver.id,
    )
    assert await balance(place, AccountRole.REVENUE_CHARGING) == 2400
    await books_hold(place)


async def test_it_is_priced_at_once_and_invoiced_when_readings_under_way_have_come_in(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge()
    async with database.session(SYSTEM) as session:
        ended = select(Event).where(Event.type == "session.completed", Event.subject_id == session_id)
        event = (await session.execute(ended)).scalar_one()
        for _ in range(2):
            await reactions.react(session, event)
        made = select(Job.arguments).where(Job.name == reactions.BILL, Job.entity_id == place.entity_id)
        [arguments] = (await session.execute(made)).scalars()
        await reactions.bill(session, arguments)
    assert ((await place.billing(session_id)).status, await place.invoices()) == ("PRICED", [])
    async with database.session(SYSTEM) as session:
        asked = text(
            "SELECT arguments ->> 'session_id', run_at > now() FROM job WHERE name = :name AND entity_id = :id"
        )
        rows = (await session.execute(asked, {"name": reactions.INVOICE, "id": place.entity_id})).all()
        assert [tuple(row) for row in rows] == [(str(session_id), True)]
        await reactions.invoice(session, {"session_id": str(session_id)})
    assert [invoice.gross_cents for invoice in await place.invoices()] == [2904]


# --- corrections --------------------------------------------------------------------------------------------------


RESTLESS = replace(
    TERMS,
    windows=tuple(Window(f"AT_{hour}", time(hour, 10), time(hour, 40), Decimal("1.7")) for hour in range(17, 24)),
)
"""Other prices twice an hour, so that nearly every reading tells."""


def readings(place: Place, start: datetime, transaction_id: str | None, upto: int = 8) -> list[Reading]:
    """Every quarter of an hour: most of the energy early on."""
    curve = [0, 5_000, 9_000, 12_000, 14_500, 16_500, 18_000, 19_000, 20_000]
    return [
        place.reading(start + timedelta(minutes=15 * n), 1_000_000 + curve[n], transaction_id=transaction_id)
        for n in range(1, upto)
    ]


async def begin(place: Place, start: datetime) -> tuple[UUID, str]:
    async with place.database.session(SYSTEM) as session:
        card = place.yard.token.token
        report = told(ReportKind.STARTED, start.astimezone(UTC), meter_wh=1_000_000, id_token=card)
        answer = await transactions.report(session, place.yard.device, report)
        return answer.session_id, answer.transaction_id


async def end(place: Place, start: datetime, transaction_id: str, wh: int = 20_000) -> None:
    async with place.database.session(SYSTEM) as session:
        ended = (start + 2 * HOUR).astimezone(UTC)
        report = told(ReportKind.ENDED, ended, meter_wh=1_000_000 + wh, transaction_id=transaction_id)
        await transactions.report(session, place.yard.device, report)


async def in_order(place: Place, start: datetime) -> UUID:
    session_id, transaction = await begin(place, start)
    await place.read(readings(place, start, transaction))
    await end(place, start, transaction)
    await place.bill(session_id)
    return session_id


async def invoiced(place: Place, session_id: UUID) -> tuple[int, int]:
    rows = await place.charges(session_id)
    return sum(row.net_cents for row in rows), sum(row.vat_cents for row in rows)


@pytest.mark.parametrize("seed", range(2))
async def test_shuffled_repeated_and_late_readings_change_no_cent(database: Database, seed: int) -> None:
    """Every batch is billed and invoiced at once, so corrections go up and down; they end where pricing once does."""
    draw = random.Random(seed)  # a test's choice
    place = await charging_place(database, RESTLESS)
    start = EVENING + timedelta(hours=1, minutes=draw.randrange(0, 60))
    once = await in_order(place, start)
    again = start - timedelta(days=1)
    session_id, transaction = await begin(place, again)
    sent = readings(place, again, transaction)
    sent += draw.sample(sent, 3)
    draw.shuffle(sent)
    early, late = sent[: len(sent) // 2], sent[len(sent) // 2 :]
    await place.read(early)
    await end(place, again, transaction)
    await place.bill(session_id)
    while late:
        batch, late = late[:2], late[2:]
        await place.read(batch)
        await place.recount(session_id)
        await place.bill(session_id)
    assert len(await place.versions(session_id)) > 1
    canonical, found = await place.billing(once), await place.billing(session_id)
    assert (found.net_cents, found.vat_cents) == (canonical.net_cents, canonical.vat_cents)
    assert await invoiced(place, session_id) == (canonical.net_cents, canonical.vat_cents)
    documents = await place.invoices()
    owed = sum(invoice.open_cents for invoice in documents)
    assert owed == 2 * canonical.gross_cents
    assert all(row.reason for row in (await place.charges(session_id))[1:])
    await books_hold(place)


async def test_a_corrected_end_is_credited_and_charged_as_the_difference(database: Database) -> None:
    place = await charging_place(database)
    session_id = await in_order(place, EVENING - HOUR)
    before = await place.billing(session_id)
    async with database.session(SYSTEM) as session:
        transaction = (await session_of(session, session_id)).transaction_id
    fixed = [each._replace(revision=1, energy_wh=1_000_000) for each in readings(place, EVENING - HOUR, transaction, 4)]
    await place.read(fixed)
    await place.recount(session_id)
    after = await place.bill(session_id, "Meter verwisseld")
    dearer = after.gross_cents - before.gross_cents
    assert dearer > 0
    [first, second] = await place.invoices()
    assert (second.kind, second.gross_cents, second.reason) == ("INVOICE", dearer, "Meter verwisseld")
    [one, two] = await place.versions(session_id)
    assert (two.delta_gross_cents, two.reason) == (dearer, "Meter verwisseld")
    await place.read([each._replace(revision=2) for each in readings(place, EVENING - HOUR, transaction, 4)])
    await place.recount(session_id)
    back = await place.bill(session_id)
    assert back.gross_cents == before.gross_cents
    note = (await place.invoices())[-1]
    assert (note.kind, note.gross_cents, note.credits_invoice_id) == ("CREDIT_NOTE", -dearer, second.id)
    assert (await place.versions(session_id))[2].inputs_sha256 == one.inputs_sha256
    assert first.open_cents == before.gross_cents
    await books_hold(place)


async def test_what_staff_credited_is_not_credited_twice(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge()
    await place.bill(session_id)
    [invoice] = await place.invoices()
    async with database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "Coulance", net_cents=1_000)
        await bills.waive(session, session_id, "Laadpaal viel uit")
    notes = [each.net_cents for each in await place.invoices() if each.kind == "CREDIT_NOTE"]
    assert notes == [-1_000, -1_400]
    async with database.session(SYSTEM) as session:
        await bills.undo_waiver(session, session_id)
    assert (await place.invoices())[-1].net_cents == 1_400
    await books_hold(place)


def test_where_net_and_vat_move_apart_what_was_credited_by_hand_stays_credited() -> None:
    due, charged, left = Amount(3_000, 630), Amount(2_400, 0), [Amount(1_400, 0)]
    assert plan(due, charged, left) == Plan(Amount(600, 630))
    found = plan(Amount(3_000, 0), Amount(2_400, 504), left)
    after = Amount(2_400, 504) + found.invoice - sum(found.credits.values(), start=Amount())
    assert (found, after) == (Plan(Amount(2_000, 0), {0: Amount(1_400, 0)}), Amount(3_000, 504))


def test_what_rounding_adds_up_to_never_makes_an_invoice_that_no_rule_allows() -> None:
    rate = Decimal(21)
    assert documents([(Amount(2_400, 504), rate)] * 1_000) == [list(range(1_000))]
    parts = documents([(Amount(102, 21), rate)] * 500 + [(Amount(100, 0), Decimal(0))])
    assert [len(part) for part in parts] == [214, 214, 73]
    assert [place for part in parts for place in part] == list(range(501))
    assert documents([]) == []


# --- to whom ------------------------------------------------------------------------------------------------------


async def test_without_a_driver_or_a_tariff_nobody_is_billed_until_there_is_one(database: Database) -> None:
    place = await charging_place(database, None)
    unpriced, unknown = await place.charge(), await place.charge(EVENING - timedelta(days=1), token=None)
    assert (await place.bill(unpriced)).status == "NO_TARIFF"
    async with database.session(SYSTEM) as session:
        await tariff(session, place.entity_id, TERMS)
    billed, nobody = await place.bill(unpriced), await place.bill(unknown)
    assert (billed.status, billed.gross_cents) == ("INVOICED", 2904)
    assert (nobody.status, nobody.gross_cents, nobody.payer_contact_id) == ("NO_PAYER", 2904, None)
    assert len(await place.invoices()) == 1
    async with database.session(SYSTEM) as session:
        told_of = text(
            "SELECT payload ->> 'status' FROM event WHERE type = 'charging_bill.unbillable' AND entity_id = :e"
        )
        told_to_staff = (await session.execute(told_of, {"e": place.entity_id})).scalars()
        assert sorted(told_to_staff) == ["NO_PAYER", "NO_TARIFF"]


async def test_a_tariff_that_is_made_afterwards_bills_what_had_none_once_staff_ask(database: Database) -> None:
    place = await charging_place(database, None)
    session_id = await place.charge()
    assert (await place.bill(session_id)).status == "NO_TARIFF"
    async with database.session(SYSTEM) as session:
        made, _ = await tariff_of(session, place.yard.entity, TERMS)
        await assigning.assign(session, made.id)
    assert (await place.bill(session_id)).status == "NO_TARIFF"
    async with database.session(SYSTEM) as session:
        billed = await bills.rebill(session, session_id)
    assert (billed.status, billed.gross_cents) == ("INVOICED", 2904)
    again = await place.bill(session_id)
    assert (again.version, again.charged_net_cents) == (1, 2400)


async def test_what_costs_nothing_needs_no_payer(database: Database) -> None:
    place = await charging_place(database, Terms(windows=(), damage_reserve_cents=0))
    billing = await place.bill(await place.charge(token=None))
    assert (billing.status, billing.version, billing.payer_contact_id) == ("FREE", 1, None)


async def test_somebody_else_can_be_named_until_it_was_invoiced(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge(token=None)
    await place.bill(session_id)
    async with database.session(SYSTEM) as session:
        payer = await factories.organization(session, place.yard.entity)
        billing = await bills.set_payer(session, session_id, payer.id)
    assert (billing.status, billing.payer_chain_ids, billing.driver_contact_id) == ("INVOICED", [payer.id], None)
    assert (await place.bill(session_id)).payer_contact_id == payer.id
    async with database.session(SYSTEM) as session:
        with pytest.raises(PayerInvoiced):
            await bills.set_payer(session, session_id, None)
        await bills.waive(session, session_id, "Verkeerde betaler")
        await bills.undo_waiver(session, session_id)
    async with database.session(SYSTEM) as session:
        await bills.waive(session, session_id, "Verkeerde betaler")
        billing = await bills.set_payer(session, session_id, None)
    assert (billing.status, billing.payer_contact_id, billing.payer_chain_ids) == ("WAIVED", None, [])
    assert {each.payer_contact_id for each in await place.invoices()} == {payer.id}


async def test_a_session_that_goes_on_is_not_billed(database: Database) -> None:
    place = await charging_place(database)
    session_id, _ = await begin(place, EVENING)
    with pytest.raises(SessionNotOver):
        await place.bill(session_id)


async def test_a_month_is_collected_into_one_invoice(database: Database) -> None:
    place = await charging_place(database)
    async with database.session(SYSTEM) as session:
        session.add(BillingProfile(entity_id=place.entity_id, contact_id=place.yard.driver.id, collective=True))
    ids = [await place.charge(EVENING - timedelta(days=n)) for n in range(2)]
    assert [(await place.bill(each)).status for each in ids] == ["WAITING", "WAITING"]
    month = max([(await place.billing(each)).due_month or date.min for each in ids])
    async with database.session(SYSTEM) as session:
        assert [each.payer_id for each in await collecting.waiting(session, month)] in ([], [place.yard.driver.id])
        found = await collecting.waiting(session, (month + timedelta(days=32)).replace(day=1))
        assert place.yard.driver.id in {each.payer_id for each in found}
    for _ in range(2):
        async with database.session(SYSTEM) as session:
            await collecting.collect(session, place.entity_id, place.yard.driver.id, month)
    [invoice] = await place.invoices()
    assert (invoice.gross_cents, invoice.period_month) == (2 * 2904, month)
    assert {(await place.billing(each)).status for each in ids} == {"INVOICED"}
    late = await place.charge(EVENING - timedelta(hours=12))
    assert (await place.bill(late)).due_month == max(month, datetime.now(UTC).date().replace(day=1))
    async with database.session(SYSTEM) as session:
        await bills.waive(session, ids[0], "Dubbel geladen")
    assert (await place.invoices())[-1].credits_invoice_id == invoice.id
    await books_hold(place)


async def test_waiving_credits_and_can_be_undone(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge()
    await place.bill(session_id)
    async with database.session(SYSTEM) as session:
        await bills.waive(session, session_id, "Laadpaal viel uit")
    billing = await place.bill(session_id)
    assert (billing.status, billing.gross_cents, billing.charged_net_cents) == ("WAIVED", 2904, 0)
    [invoice, note] = await place.invoices()
    assert (invoice.status, note.reason) == ("CREDITED", "Laadpaal viel uit")
    async with database.session(SYSTEM) as session:
        with pytest.raises(AlreadyWaived):
            await bills.waive(session, session_id, "Nogmaals")
        await bills.undo_waiver(session, session_id)
        with pytest.raises(NotWaived):
            await bills.undo_waiver(session, session_id)
    assert [each.gross_cents for each in await place.invoices()] == [2904, -2904, 2904]
    await books_hold(place)


async def fill_wallet(place: Place) -> None:
    """50 euro of the driver's."""
    driver, amount = place.yard.driver.id, Money(5_000)
    async with place.database.session(SYSTEM) as session:
        wallet = await wallets.open_wallet(session, entity_id=place.entity_id, contact_id=driver)
        await wallets.move(session, wallet, amount, wallets.Cause(MovementKind.TOP_UP, "top-up"))
        legs = [debit(AccountRole.BANK, amount), credited(AccountRole.WALLET, amount, contact_id=driver)]
        about = {"kind": EntryKind.WALLET, "key": "top-up", "source": ("Wallet", wallet.id), "legs": legs}
        await post(session, entity_id=place.entity_id, **about)


async def test_a_wallet_that_holds_enough_pays(database: Database) -> None:
    place = await charging_place(database)
    await fill_wallet(place)
    for day in range(2):
        await place.bill(await place.charge(EVENING - timedelta(days=day)))
    for invoice in await place.invoices():
        for _ in range(2):
            async with database.session(SYSTEM) as session:
                await reactions.pay(session, {"invoice_id": str(invoice.id)})
    assert [each.status for each in await place.invoices()] == ["PAID", "ISSUED"]
    await books_hold(place)


async def test_what_is_credited_of_what_a_wallet_paid_goes_back_to_it(database: Database) -> None:
    place = await charging_place(database)
    await fill_wallet(place)
    session_id = await place.charge()
    await place.bill(session_id)
    [invoice] = await place.invoices()
    named = {"invoice_id": str(invoice.id)}
    async with database.session(SYSTEM) as session:
        await reactions.pay(session, named)
    async with database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "Coulance", net_cents=1_000)
        await bills.waive(session, session_id, "Laadpaal viel uit")
        happened = select(Event).where(Event.type == "invoice.credited", Event.subject_id == invoice.id)
        for event in (await session.execute(happened)).scalars().all():
            await reactions.react(session, event)
        asked = select(func.count()).where(Job.name == reactions.RETURN, Job.entity_id == place.entity_id)
        assert await session.scalar(asked) == 2

    async def give_back() -> None:
        async with database.session(SYSTEM) as session:
            await reactions.give_back(session, named)

    await asyncio.gather(give_back(), give_back())
    async with database.session(SYSTEM) as session:
        wallet = await wallets.wallet_of(
            session, entity_id=place.entity_id, contact_id=place.yard.driver.id, currency="EUR"
        )
        assert wallet is not None
        assert wallet.balance_cents == 5_000
    assert (await place.invoices())[0].open_cents == 0
    await books_hold(place)


# --- packs --------------------------------------------------------------------------------------------------------


async def test_a_pack_goes_to_the_session_that_began_first_whichever_was_billed_first(database: Database) -> None:
    place = await charging_place(database)
    driver = place.yard.driver.id
    async with database.session(SYSTEM) as session:
        offer = ChargingOffer(
            entity_id=place.entity_id, kind="PACK", code=factories.unique("P").upper(), name="30", price_cents=1_350
        )
        offer.energy_wh, offer.discount_percent = 30_000, Decimal(10)
        session.add(offer)
        await session.flush()
        pack = EnergyPack(
            entity_id=place.entity_id,
            contact_id=driver,
            offer_id=offer.id,
            energy_wh=30_000,
            remaining_wh=30_000,
            discount_percent=Decimal(10),
            price_cents=1_350,
            bought_at=EVENING - timedelta(days=30),
        )
        session.add(pack)
    first, second = await place.charge(EVENING - timedelta(days=1)), await place.charge()
    assert (await place.bill(second)).net_cents == 2400 - 150
    assert (await place.bill(first)).net_cents == 2400 - 150
    later = await place.billing(second)
    assert (later.net_cents, later.charged_net_cents) == (2400 - 75, 2400 - 75)
    async with database.session(SYSTEM) as session:
        used = select(BenefitUse.charging_session_id, BenefitUse.wh).where(BenefitUse.contact_id == driver)
        assert {row[0]: row[1] for row in await session.execute(used)} == {first: 20_000, second: 10_000}
    await books_hold(place)


# --- what follows -------------------------------------------------------------------------------------------------


async def test_hours_add_up_to_what_is_due(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge(EVENING + timedelta(hours=1, minutes=30))
    billing = await place.bill(session_id)
    async with database.session(SYSTEM) as session:
        query = select(SessionRevenue).where(SessionRevenue.billing_id == billing.id).order_by(SessionRevenue.hour)
        rows = list((await session.execute(query)).scalars())
        assert [row.hour.minute for row in rows] == [0, 0, 0]
        assert sum(row.net_cents for row in rows) == billing.net_cents
        assert (sum(row.energy_wh for row in rows), sum(row.seconds for row in rows)) == (20_000, 7_200)
        assert rows[1].net_cents > rows[0].net_cents > rows[2].net_cents
        await bills.waive(session, session_id, "Storing")
        assert (await session.execute(query)).first() is None


async def test_a_bill_whose_readings_are_gone_stands(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    place = await charging_place(database)
    session_id = await in_order(place, EVENING - HOUR)
    before = await place.billing(session_id)
    monkeypatch.setattr(bills, "oldest", lambda now: now)
    async with database.session(SYSTEM) as session:
        transaction = (await session_of(session, session_id)).transaction_id
    await place.read([place.reading(EVENING - timedelta(minutes=5), 1_001_000, transaction_id=transaction)])
    await place.recount(session_id)
    for change in (bills.rebill, lambda s, id: bills.waive(s, id, "Storing"), bills.undo_waiver):
        async with database.session(SYSTEM) as session:
            after = await change(session, session_id)
    assert (after.version, after.gross_cents, after.status) == (1, before.gross_cents, "INVOICED")
    async with database.session(SYSTEM) as session:
        earned = select(func.sum(SessionRevenue.net_cents)).where(SessionRevenue.billing_id == after.id)
        assert await session.scalar(earned) == before.net_cents


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_its_documents_hold(database: Database, language: str) -> None:
    place = await charging_place(database)
    async with database.session(SYSTEM) as session:
        session.add(BillingProfile(entity_id=place.entity_id, contact_id=place.yard.driver.id, language=language))
    session_id = await place.charge(EVENING + HOUR)
    await place.bill(session_id)
    async with database.session(SYSTEM) as session:
        await bills.waive(session, session_id, "Laadpaal viel uit")
    for invoice in await place.invoices():
        async with database.session(SYSTEM) as session:
            made = make(await printable(session, invoice.id))
        assert faults_of(made.ubl) == []
        assert made.pdf.startswith(b"%PDF")


async def test_bills_are_never_changed(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge()
    await place.bill(session_id)
    for statement in (
        "UPDATE session_bill SET net_cents = 0",
        "DELETE FROM session_bill_line",
        "DELETE FROM session_charge",
    ):
        with pytest.raises(DBAPIError):
            async with database.session(SYSTEM) as session:
                await session.execute(text(statement))


async def test_lines_say_what_they_were_made_of(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge(EVENING + 2 * HOUR)
    billing = await place.bill(session_id)
    async with database.session(SYSTEM) as session:
        query = select(SessionBillLine).join(SessionBill, SessionBill.id == SessionBillLine.bill_id)
        query = query.join(SessionBilling, SessionBilling.id == SessionBill.billing_id)
        rows = list((await session.execute(query.where(SessionBilling.id == billing.id))).scalars())
        lines = {(row.kind, row.segment): row for row in rows}
        peak, rest = lines["ENERGY", "PEAK"], lines["ENERGY", "STANDARD"]
        assert (peak.from_wh, peak.until_wh, rest.from_wh, rest.until_wh) == (0, 10_000, 10_000, 20_000)
        assert (peak.multiplier, rest.multiplier, peak.net_cents, rest.net_cents) == (Decimal("1.5"), 1, 750, 500)
        assert peak.ends_at == rest.starts_at
        assert sum(row.net_cents for row in rows) == billing.net_cents
        words = select(InvoiceLine.description).join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        [said] = (await session.execute(words.where(Invoice.entity_id == place.entity_id))).scalars()
    assert "Energie (piek): 10 kWh × 0,5 × 1,5 = €" in said
