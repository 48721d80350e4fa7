"""Invoices over GraphQL: completed, issued, seen by those who pay, credited, written off."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domain.contacts import merging
from domain.events.models import Event
from domain.invoices import reactions, runs
from domain.invoices.models import Invoice
from domain.jobs.models import Job
from domain.orders.models import Order
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import codes, gid
from tests.invoicing import completed, invoiced, invoices_of, profile
from tests.quoting import Market, market
from tests.trading import Trader, trader

ONE = """query I($id: ID!) { invoice(id: $id) {
  number kind part status language reference paymentReference dueOn isOverdue net { cents } vat { cents }
  gross { cents } open { cents } credited { cents } seller { name iban } payer { name postalCode vatNumber }
  vatGroups { category rate rules net { cents } vat { cents } } order { number } payerContact { name }
  lines { nodes { id position description quantity net { cents } vatRule order { number } credits { position } } }
  credits { number } creditNotes { number gross { cents } } timeline { nodes { type } } } }"""
LIST = """query L($filter: InvoiceFilter, $orderBy: InvoiceSort) { invoices(filter: $filter, orderBy: $orderBy) {
  totalCount nodes { number } } }"""
COMPLETE = """mutation C($id: ID!, $preview: Boolean! = false) { completeOrder(id: $id, preview: $preview) {
  order { stage progress } preview { rows { kind action } } userErrors { code field } } }"""
ISSUE = """mutation I($input: IssueInvoicesInput!) { issueInvoices(input: $input) {
  run { id ordersTotal job { name } } userErrors { code field } } }"""
RUN = """query R($id: ID!) { invoiceRun(id: $id) { ordersTotal ordersWaiting ordersIssued ordersSkipped invoicesIssued
  skipped { reason orders } orders { nodes { outcome reason order { number } invoices { number } } } } }"""
CREDIT = """mutation C($input: CreditInvoiceInput!, $preview: Boolean! = false) {
  creditInvoice(input: $input, preview: $preview) {
  creditNote { number kind net { cents } } invoice { status credited { cents } open { cents } }
  userErrors { code field } } }"""
WRITE_OFF = """mutation W($id: ID!) { writeOffInvoice(id: $id, reason: "Bankrupt") {
  invoice { status open { cents } } userErrors { code } } }"""
UNDO = """mutation U($id: ID!) { undoWriteOffInvoice(id: $id) {
  invoice { status open { cents } } userErrors { code } } }"""
PROFILE = """mutation P($input: SaveBillingProfileInput!) { saveBillingProfile(input: $input) {
  profile { collective depositPercent progressPercents vatTreatment contact { name } } userErrors { code field } } }"""


async def seen(m: Market, settings: Settings, name: str, filter: Any = None) -> list[str]:
    found = await trader(m, settings, name).ask(LIST, filter=filter)
    numbers = [node["number"] for node in found["invoices"]["nodes"]]
    assert found["invoices"]["totalCount"] == len(numbers)
    return sorted(numbers)


async def work_off(m: Market, *names: str) -> None:
    """React to what happened in the market, and do the jobs of invoicing that were asked for, or those named."""
    async with m.database.session(SYSTEM) as session:
        query = select(Event).where(Event.entity_id == m.entity.id, Event.type.in_(reactions.EVENTS))
        for event in (await session.execute(query.order_by(Event.id))).scalars().all():
            await reactions.react(session, event)
    for _ in range(2):
        async with m.database.session(SYSTEM) as session:
            query_ = select(Job).where(Job.entity_id == m.entity.id, Job.name.in_(names or reactions.WORK))
            for job in (await session.execute(query_.order_by(Job.created_at, Job.id))).scalars().all():
                await reactions.WORK[job.name](session, job.arguments)


async def test_an_order_that_is_completed_is_invoiced_and_each_sees_its_own(
    database: Database, settings: Settings
) -> None:
    m = await market(database, agreement={}, invoice_prefix="AI1")
    order_id = await m.ordered()
    staff = trader(m, settings, "staff")
    foreseen = (await staff.ask(COMPLETE, id=gid("Order", order_id), preview=True))["completeOrder"]
    assert foreseen["order"]["stage"] == "COMPLETED"
    assert sum(row == {"kind": "Invoice", "action": "CREATED"} for row in foreseen["preview"]["rows"]) == 2
    for _ in range(2):
        done = (await staff.ask(COMPLETE, id=gid("Order", order_id)))["completeOrder"]
        assert (done["order"], done["userErrors"]) == ({"stage": "COMPLETED", "progress": 100}, [])
    await work_off(m)
    numbers = {invoice.payer_contact_id: invoice.number for invoice in await invoices_of(m)}
    assert await seen(m, settings, "staff") == sorted(numbers.values())
    assert await seen(m, settings, "dealer") == await seen(m, settings, "master") == [numbers[m.dealer.id]]
    assert await seen(m, settings, "customer") == [numbers[m.customer.id]]
    assert await trader(m, settings, "dealer").error(COMPLETE, id=gid("Order", order_id)) == "FORBIDDEN"


async def test_an_invoice_says_all_that_a_document_needs(database: Database, settings: Settings) -> None:
    m = await market(database)
    (made,) = await invoiced(m, m.line("cable", quantity=Decimal(3)), m.line("survey"), partner=False)
    found = (await trader(m, settings, "customer").ask(ONE, id=gid("Invoice", made.id)))["invoice"]
    assert (found["kind"], found["part"], found["status"], found["isOverdue"]) == ("INVOICE", "FINAL", "ISSUED", False)
    assert found["gross"]["cents"] == str(made.gross_cents) == found["open"]["cents"]
    assert found["seller"]["iban"] == m.entity.iban
    assert found["payer"]["postalCode"] == m.address.postal_code
    (vat,) = found["vatGroups"]
    assert (vat["category"], vat["rules"], vat["net"]["cents"]) == ("S", ["NL-STANDARD"], str(made.net_cents))
    assert [line["position"] for line in found["lines"]["nodes"]] == [1, 2]
    assert found["timeline"]["nodes"] == [{"type": "invoice.issued"}]


async def test_lists_are_filtered(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    order_id = await completed(m)
    other = await invoiced(m, m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        await reactions.issue(session, {"order_id": str(order_id), "part": "FINAL"})
    mine = [invoice for invoice in await invoices_of(m) if invoice.order_id == order_id]
    for filter, expected in (
        ({"includes": gid("Order", order_id)}, mine),
        ({"orderId": {"eq": gid("Order", order_id)}}, mine),
        ({"payerId": {"eq": gid("Organization", m.dealer.id)}}, [i for i in mine if i.payer_contact_id == m.dealer.id]),
        ({"number": {"eq": other[0].number}}, other),
        ({"search": other[0].number}, other),
        ({"overdue": True}, []),
        ({"unsettled": True, "grossCents": {"gt": "3000"}}, mine),
        ({"status": {"in": ["PAID", "CREDITED"]}}, []),
        ({"kind": {"eq": "CREDIT_NOTE"}}, []),
    ):
        assert await seen(m, settings, "staff", filter) == sorted(invoice.number for invoice in expected), filter


async def test_many_orders_are_invoiced_in_the_background_with_a_result_per_order(
    database: Database, settings: Settings
) -> None:
    m = await market(database)
    open_order = await m.ordered(m.line("cable"), partner=False)
    ids = [await completed(m, m.line("cable"), partner=False) for _ in range(2)] + [open_order]
    staff = trader(m, settings, "staff")
    asked = (await staff.ask(ISSUE, input={"orderIds": [gid("Order", id) for id in ids]}))["issueInvoices"]
    assert (asked["run"]["ordersTotal"], asked["run"]["job"]["name"]) == (0, "invoices.divide")
    await work_off(m, runs.DIVIDE, runs.CHUNK)
    result = (await staff.ask(RUN, id=asked["run"]["id"]))["invoiceRun"]
    assert (result["ordersTotal"], result["ordersWaiting"], result["ordersIssued"]) == (3, 0, 2)
    assert (result["invoicesIssued"], result["skipped"]) == (2, [{"reason": "NOT_COMPLETED", "orders": 1}])
    assert [len(order["invoices"]) for order in result["orders"]["nodes"]].count(1) == 2
    again = {"entityId": gid("BusinessEntity", m.entity.id)}
    period = again | {"completedFrom": "2020-01-01", "completedUntil": "2021-01-01"}
    for given, code in (
        ({}, "ORDERS_OR_PERIOD"),
        (again, "ORDERS_OR_PERIOD"),
        (period | {"orderIds": [gid("Order", ids[0])]}, "ORDERS_OR_PERIOD"),
        (period | {"completedUntil": "2020-01-01"}, "PERIOD_TOO_LONG"),
        ({"orderIds": [gid("Order", m.entity.id)]}, "NOT_FOUND"),
    ):
        refused = (await staff.ask(ISSUE, input=given))["issueInvoices"]
        assert [code_ for code_, _ in codes(refused)] == [code], given


async def test_an_invoice_is_credited_and_written_off(database: Database, settings: Settings) -> None:
    m = await market(database)
    (made,) = await invoiced(m, m.line("cable", quantity=Decimal(2)), partner=False)
    staff, id = trader(m, settings, "staff"), gid("Invoice", made.id)
    (line,) = (await staff.ask(ONE, id=id))["invoice"]["lines"]["nodes"]
    part = {"id": id, "reason": "Returned", "lines": [{"invoiceLineId": line["id"], "quantity": "1"}]}
    for preview in (True, False):
        credited = (await staff.ask(CREDIT, input=part, preview=preview))["creditInvoice"]
        assert credited["userErrors"] == []
        assert (credited["creditNote"]["kind"], credited["creditNote"]["net"]["cents"]) == ("CREDIT_NOTE", "-1999")
    assert len(await invoices_of(m)) == 2, "the preview left nothing"
    too_much = part | {"lines": [{"invoiceLineId": line["id"], "quantity": "2"}]}
    refused = (await staff.ask(CREDIT, input=too_much))["creditInvoice"]
    assert codes(refused) == [("MORE_THAN_BILLED", ["lines", "0", "quantity"])]
    lost = (await staff.ask(WRITE_OFF, id=id))["writeOffInvoice"]["invoice"]
    assert (lost["status"], lost["open"]["cents"]) == ("WRITTEN_OFF", "0")
    back = (await staff.ask(UNDO, id=id))["undoWriteOffInvoice"]["invoice"]
    assert back["status"] == "ISSUED"
    customer = trader(m, settings, "customer")
    assert (await customer.ask(ONE, id=id))["invoice"]["creditNotes"] == [
        {"number": credited["creditNote"]["number"], "gross": {"cents": "-2419"}}
    ]
    assert await customer.error(CREDIT, input=part) == "FORBIDDEN"


async def test_how_a_contact_is_invoiced_is_set_by_finance(database: Database, settings: Settings) -> None:
    m = await market(database)
    async with database.session(SYSTEM) as session:
        m.actors["finance"] = await factories.actor_with(session, Role.FINANCE, m.entity)
    finance = trader(m, settings, "finance")
    wanted = {
        "entityId": gid("BusinessEntity", m.entity.id),
        "contactId": gid("Organization", m.dealer.id),
        "collective": True,
        "depositPercent": "30",
        "progressPercents": ["60", "80"],
    }
    saved = (await finance.ask(PROFILE, input=wanted))["saveBillingProfile"]
    assert saved["userErrors"] == []
    assert saved["profile"]["progressPercents"] == ["60.00", "80.00"]
    for change, code in (
        ({"progressPercents": ["20"]}, "SHARES_NOT_RISING"),
        ({"progressPercents": ["60", "100"]}, "SHARES_NOT_RISING"),
        ({"vatTreatment": "DOMESTIC"}, "REQUIRED"),
        ({"vatTreatment": "REVERSE_CHARGE", "vatReason": "Agreed"}, "VAT_NUMBER_REQUIRED"),
        ({"depositPercent": "101"}, "OUT_OF_RANGE"),
        ({"invoiceEmail": "none"}, "INVALID_EMAIL"),
        ({"paymentTermsDays": 400}, "OUT_OF_RANGE"),
    ):
        refused = (await finance.ask(PROFILE, input=wanted | change))["saveBillingProfile"]
        assert codes(refused)[0][0] == code, change


async def test_orders_of_a_month_are_on_one_invoice(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    await profile(m, m.dealer.id, collective=True)
    ids = [await completed(m) for _ in range(2)]
    await work_off(m)
    assert [i.payer_contact_id for i in await invoices_of(m)] == [m.customer.id] * 2
    async with database.session(SYSTEM) as session:
        order = await session.get(Order, ids[0])
        assert order is not None
        month = order.completed_at.date().replace(day=1)
        arguments = {"entity_id": str(m.entity.id), "payer_id": str(m.dealer.id), "month": month.isoformat()}
        await reactions.collect(session, arguments)
        await reactions.collect(session, arguments)
    (invoice,) = [i for i in await invoices_of(m) if i.payer_contact_id == m.dealer.id]
    assert (invoice.part, invoice.order_id, invoice.net_cents) == ("COLLECTIVE", None, 2 * 899_95)
    found = (await trader(m, settings, "dealer").ask(ONE, id=gid("Invoice", invoice.id)))["invoice"]
    assert len({line["order"]["number"] for line in found["lines"]["nodes"]}) == 2


async def test_who_took_anothers_place_lists_what_that_one_was_invoiced(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    made = await invoiced(m)
    number = next(invoice.number for invoice in made if invoice.payer_contact_id == m.dealer.id)
    async with database.session(SYSTEM) as session:
        winner = await factories.organization(session, m.entity, m.master)
        m.actors["winner"] = await factories.actor_with(session, Role.PARTNER_USER, m.entity, organization=winner)
    async with database.session(SYSTEM) as session:
        await merging.merge(session, m.actors["staff"], winner.id, m.dealer.id)
    assert await seen(m, settings, "winner") == [number]
    id = next(invoice.id for invoice in made if invoice.number == number)
    await _credit_all(trader(m, settings, "staff"), id)
    assert len(await seen(m, settings, "winner")) == 2


async def _credit_all(staff: Trader, id: UUID) -> None:
    credited = await staff.ask(CREDIT, input={"id": gid(Invoice.__name__, id), "reason": "Returned"})
    assert credited["creditInvoice"]["userErrors"] == []
