"""Documents of an invoice over GraphQL: for its parties, with links; sent again by staff, or only foreseen."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.documents.linking import LinkState, state_of
from domain.documents.models import DocumentKind
from domain.documents.storing import store
from domain.invoices.models import Invoice
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid
from tests.domain.documents.test_keeping import mail_of, rendered
from tests.invoicing import invoiced
from tests.quoting import Market, market
from tests.trading import trader

ONE = """query I($id: ID!) { invoice(id: $id) {
  number documents { id kind fileName mediaType size sha256 createdAt } } }"""
LINK = """mutation L($id: ID!) { createDocumentLink(id: $id) { url expiresAt userErrors { code field } } }"""
SEND = """mutation S($id: ID!, $to: String, $preview: Boolean! = false) {
  sendInvoice(id: $id, to: $to, preview: $preview) {
    invoice { number } preview { messages { channel } } userErrors { code field } } }"""

RENDER = """mutation R($id: ID!) { renderInvoice(id: $id) { job { state } userErrors { code field } } }"""


@pytest.fixture(scope="module")
async def m(database: Database) -> Market:
    return await market(database, agreement={})


def asks(m: Market, settings: Settings, name: str) -> Asker:
    return trader(m, settings, name)


async def invoices(m: Market) -> dict[UUID, Invoice]:
    """By payer."""
    return {invoice.payer_contact_id: invoice for invoice in await invoiced(m)}


async def test_each_party_downloads_its_own(m: Market, settings: Settings) -> None:
    made = await invoices(m)
    mine, theirs = made[m.customer.id], made[m.dealer.id]
    for invoice in (mine, theirs):
        await rendered(m, settings, invoice.id)
    for name, invoice, seen in (
        ("customer", mine, True),
        ("customer", theirs, False),
        ("dealer", theirs, True),
        ("dealer", mine, False),
        ("master", theirs, True),
        ("staff", mine, True),
    ):
        found = (await asks(m, settings, name).ask(ONE, id=gid("Invoice", invoice.id)))["invoice"]
        assert (found is not None) == seen, name
    found = (await asks(m, settings, "customer").ask(ONE, id=gid("Invoice", mine.id)))["invoice"]
    pdf, ubl = found["documents"]
    assert (pdf["kind"], pdf["fileName"], ubl["kind"]) == ("PDF", f"{mine.number}.pdf", "UBL")
    linked = (await asks(m, settings, "customer").ask(LINK, id=pdf["id"]))["createDocumentLink"]
    path, _, query = linked["url"].partition("?")
    given = dict(part.split("=") for part in query.split("&"))
    id = UUID(path.rpartition("/")[2])
    assert state_of(settings, id, given["expires"], given["signature"]) is LinkState.GOOD
    assert datetime.fromisoformat(linked["expiresAt"]).timestamp() == int(given["expires"])
    for name in ("dealer", "master"):
        refused = (await asks(m, settings, name).ask(LINK, id=pdf["id"]))["createDocumentLink"]
        assert (codes(refused), refused["url"]) == ([("NOT_FOUND", ["id"])], None)


async def test_files_of_the_bank_are_opened_by_finance_alone(m: Market, settings: Settings, database: Database) -> None:
    async with database.session(SYSTEM) as session:
        finance = await factories.actor_with(session, Role.FINANCE, m.entity)
        file = {"kind": DocumentKind.PAIN, "file_name": "a.xml", "media_type": "application/xml", "content": b"<a/>"}
        kept = await store(session, entity_id=m.entity.id, owner=("PaymentOrder", uuid4()), **file)
    id = gid("Document", kept.id)
    assert codes((await asks(m, settings, "staff").ask(LINK, id=id))["createDocumentLink"]) == [("NOT_FOUND", ["id"])]
    assert (await Asker(database, settings, finance).ask(LINK, id=id))["createDocumentLink"]["url"]


async def test_staff_send_an_invoice_again(m: Market, settings: Settings) -> None:
    invoice = (await invoices(m))[m.customer.id]
    id, staff = gid("Invoice", invoice.id), asks(m, settings, "staff")
    assert codes((await staff.ask(SEND, id=id))["sendInvoice"]) == [("DOCUMENTS_NOT_READY", ["id"])]
    documents = await rendered(m, settings, invoice.id)
    refused = (await staff.ask(SEND, id=id, to="nobody"))["sendInvoice"]
    assert codes(refused) == [("INVALID_EMAIL", ["to"])]
    for name in ("customer", "dealer"):
        assert await asks(m, settings, name).error(SEND, id=id) == "FORBIDDEN"
    before = await mail_of(m, *documents)
    foreseen: Any = (await staff.ask(SEND, id=id, to="boek@example.nl", preview=True))["sendInvoice"]
    assert foreseen["userErrors"] == []
    assert len(await mail_of(m, *documents)) == len(before) == 1
    sent = (await staff.ask(SEND, id=id, to="boek@example.nl"))["sendInvoice"]
    assert sent["invoice"]["number"] == invoice.number
    assert [mail.recipient for mail in await mail_of(m, *documents)] == [m.customer.email, "boek@example.nl"]


async def test_missing_documents_are_made_and_not_mailed(m: Market, settings: Settings) -> None:
    invoice = (await invoices(m))[m.customer.id]
    id, staff = gid("Invoice", invoice.id), asks(m, settings, "staff")
    asked = [(await staff.ask(RENDER, id=id))["renderInvoice"] for _ in range(2)]
    assert [each["userErrors"] for each in asked] == [[], []]
    documents = await rendered(m, settings, invoice.id, mail=False)
    assert len(documents) == 2
    assert await mail_of(m, *documents) == []
    assert codes((await staff.ask(RENDER, id=id))["renderInvoice"]) == [("DOCUMENTS_ALREADY_MADE", ["id"])]
