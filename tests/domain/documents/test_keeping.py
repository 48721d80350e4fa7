"""Documents of real invoices: made by the job, kept once, seen by whom the invoice is for, mailed, downloaded."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from api.app import create_app
from domain.contacts.models import Contact
from domain.documents import loading, reactions, sending, storing
from domain.documents.errors import BrokenSeal, DocumentTooLarge, EmptyDocument, NoRecipient, NotRenderedYet
from domain.documents.linking import LASTS, LONGEST, LinkState, link, state_of
from domain.documents.making.validating import parsed
from domain.documents.models import LARGEST, Document, DocumentKind
from domain.errors import NotFound
from domain.events import consumers
from domain.events.models import Event, EventConsumer
from domain.invoices.events import InvoiceIssued
from domain.invoices.issuing import SelfBilledLine, issue_self_billing
from domain.invoices.models import Invoice
from domain.jobs.models import Job
from domain.mail.models import MailMessage, MailStatus
from domain.mail.service import queue_mail
from domain.orders.models import Order
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.models import Brand, BusinessEntity
from tenants.settings import Settings
from tests.domain.documents.golden import text_of
from tests.invoicing import invoiced, profile
from tests.quoting import Market, market
from tests.workers.providers import MailServer
from workers.documents import render
from workers.jobs import GiveUp
from workers.mail import deliver_due_mail
from workers.reacting import Follower
from workers.reactions import REACTIONS
from workers.run import Run


@pytest.fixture(scope="module")
async def m(database: Database) -> Market:
    """Reads of one market; each test makes invoices of its own."""
    return await market(database, agreement={})


async def one(m: Market) -> Invoice:
    """The customer's invoice of a new order."""
    return next(made for made in await invoiced(m) if made.payer_contact_id == m.customer.id)


async def rendered(m: Market, settings: Settings, invoice_id: UUID, **arguments: Any) -> list[Document]:
    """What the job keeps of an invoice, UBL after PDF."""
    run = Run(uuid4(), "documents.render", "documents", 1, 0, SYSTEM, None, m.database, settings)
    await render(run, {"invoice_id": str(invoice_id), **arguments})
    async with m.database.session(SYSTEM) as session:
        found = await sending.documents_of(session, invoice_id)
        return await storing.with_content(session, [document.id for document in found])


async def mail_of(m: Market, *documents: Document) -> list[MailMessage]:
    async with m.database.session(SYSTEM) as session:
        query = select(MailMessage).where(MailMessage.attachment_ids.contains([document.id for document in documents]))
        return list(await session.scalars(query.order_by(MailMessage.id)))


async def told(m: Market, invoice_id: UUID) -> list[Event]:
    async with m.database.session(SYSTEM) as session:
        query = select(Event).where(Event.subject_id == invoice_id, Event.type.startswith("invoice."))
        events = list(await session.scalars(query.order_by(Event.id)))
    return [event for event in events if "sent" in event.type]


# --- made, kept, mailed -------------------------------------------------------------------------------------------


async def test_an_issued_invoice_is_rendered_kept_and_mailed_once(m: Market, settings: Settings) -> None:
    invoice = await one(m)
    pdf, ubl = await rendered(m, settings, invoice.id)
    again = await rendered(m, settings, invoice.id)
    assert [document.id for document in again] == [pdf.id, ubl.id]
    assert [(each.kind, each.media_type, each.file_name) for each in (pdf, ubl)] == [
        ("PDF", "application/pdf", f"{invoice.number}.pdf"),
        ("UBL", "application/xml", f"{invoice.number}.xml"),
    ]
    assert pdf.sha256 == hashlib.sha256(pdf.content).hexdigest()
    text = text_of(pdf.content)
    for said in (invoice.number, m.customer.name, "403,33", invoice.payment_reference):
        assert said in text
    assert invoice.number in [element.text for element in parsed(ubl.content)]
    [mail] = await mail_of(m, pdf, ubl)
    assert mail.recipient == m.customer.email
    assert invoice.number in mail.subject
    [event] = await told(m, invoice.id)
    assert (event.type, event.payload["again"], event.changes) == (
        "invoice.sent",
        False,
        {"recipient": [None, m.customer.email]},
    )


async def test_a_second_worker_keeps_and_mails_nothing(m: Market, settings: Settings) -> None:
    invoice = await one(m)
    pdf, ubl = await rendered(m, settings, invoice.id)
    async with m.database.session(SYSTEM) as session:
        await sending.keep_and_send(session, invoice.id, sending.Made(b"another", b"another"))
    assert [each.content for each in await rendered(m, settings, invoice.id)] == [pdf.content, ubl.content]
    assert len(await mail_of(m, pdf)) == 1


async def test_issuing_asks_for_the_documents_once(database: Database, fresh_database: Any) -> None:
    own = Database(await fresh_database(), database._password)
    try:
        m = await market(own)
        reaction = next(each for each in REACTIONS if each.name == "documents")
        async with own.session(SYSTEM) as session:
            await consumers.enlist(session, reaction.name)
        made = await invoiced(m, partner=False)
        for _ in range(2):
            while await Follower(own, reaction).step():
                pass
            async with own.session(SYSTEM) as session:
                await session.execute(update(EventConsumer).values(position=0))
        async with own.session(SYSTEM) as session:
            jobs = list(await session.scalars(select(Job).where(Job.name == "documents.render")))
        assert [(job.arguments["invoice_id"], job.queue) for job in jobs] == [(str(made[0].id), "documents")]
    finally:
        await own.close()


async def test_who_has_no_address_is_sent_nothing_and_staff_are_told(m: Market, settings: Settings) -> None:
    invoice = next(made for made in await invoiced(m) if made.payer_contact_id == m.dealer.id)
    pdf, ubl = await rendered(m, settings, invoice.id)
    assert await mail_of(m, pdf) == []
    assert [(event.type, event.internal) for event in await told(m, invoice.id)] == [("invoice.not_sent", True)]
    async with m.database.session(m.actors["staff"]) as session:
        with pytest.raises(NoRecipient):
            await sending.send_again(session, invoice.id, None)
        await sending.send_again(session, invoice.id, "Boekhouding@Example.nl")
    [mail] = await mail_of(m, pdf, ubl)
    assert mail.recipient == "boekhouding@example.nl"
    assert (await told(m, invoice.id))[-1].changes == {"recipient": [None, "boekhouding@example.nl"]}


async def test_asking_for_documents_on_their_way_takes_no_mail_away(m: Market, settings: Settings) -> None:
    invoice = await one(m)
    async with m.database.session(SYSTEM) as session:
        issued = await session.scalar(
            select(Event).where(Event.subject_id == invoice.id, Event.type == InvoiceIssued.type)
        )
        assert issued is not None
        await reactions.react(session, issued)
    assert await rendered(m, settings, invoice.id, mail=False) == []
    pdf, _ = await rendered(m, settings, invoice.id)
    assert len(await mail_of(m, pdf)) == 1


async def test_without_a_brand_documents_are_kept_and_not_sent(m: Market, settings: Settings) -> None:
    own = await market(m.database)
    invoice = await one_without_partner(own)
    async with own.database.session(SYSTEM) as session:
        # Rows name the brand: it becomes another entity's.
        await session.execute(update(Brand).where(Brand.entity_id == own.entity.id).values(entity_id=m.entity.id))
    pdf, _ = await rendered(own, settings, invoice.id)
    assert await mail_of(own, pdf) == []
    assert [event.type for event in await told(own, invoice.id)] == ["invoice.not_sent"]


async def test_mail_goes_to_the_address_of_now(m: Market, settings: Settings) -> None:
    own = await market(m.database)
    first, second, third = [await one_without_partner(own) for _ in range(3)]
    here = update(Contact).where(Contact.id == own.customer.id)

    async def goes_to(invoice: Invoice) -> str:
        [mail] = await mail_of(own, (await rendered(own, settings, invoice.id))[0])
        return mail.recipient

    async with own.database.session(SYSTEM) as session:
        await session.execute(here.values(email="verhuisd@example.nl"))
    assert await goes_to(first) == "verhuisd@example.nl"
    await profile(own, own.customer.id, invoice_email="facturen@example.nl")
    assert await goes_to(second) == "facturen@example.nl"
    async with own.database.session(SYSTEM) as session:
        await session.execute(here.values(erased_at=clock.now()))
    assert await goes_to(third) == third.payer["email"]


async def test_the_partners_number_is_printed_for_its_own_account_only(m: Market) -> None:
    made = await invoiced(m, partner_order_id=f"PO-{uuid4()}")
    async with m.database.session(SYSTEM) as session:
        said = {
            invoice.payer_contact_id: {
                line.order_reference for line in (await loading.printable(session, invoice.id)).lines
            }
            for invoice in made
        }
        order = await session.get_one(Order, made[0].order_id)
    assert said == {m.customer.id: {""}, m.dealer.id: {order.partner_order_id}}


async def test_a_self_billing_invoice_is_the_partners(m: Market, settings: Settings) -> None:
    async with m.database.session(SYSTEM) as session:
        made = await issue_self_billing(
            session,
            entity_id=m.entity.id,
            beneficiary_id=m.dealer.id,
            lines=[SelfBilledLine("Commissie niveau 2", 44_70)],
            period_month=datetime.now(UTC).date().replace(day=1),
        )
    pdf, ubl = await rendered(m, settings, made.id)
    assert "Factuur uitgereikt door afnemer" in text_of(pdf.content)
    assert b">389<" in ubl.content
    async with m.database.session(m.actors["dealer"]) as session:
        assert len(await sending.documents_of(session, made.id)) == 2
    for other in ("master", "customer"):
        async with m.database.session(m.actors[other]) as session:
            assert await sending.documents_of(session, made.id) == []


async def test_what_breaks_a_rule_is_neither_kept_nor_sent(database: Database, settings: Settings) -> None:
    m = await market(database, street=" ")
    async with database.session(SYSTEM) as session:
        await session.execute(update(BusinessEntity).where(BusinessEntity.id == m.entity.id).values(country="QQ"))
    invoice = await one_without_partner(m)
    with pytest.raises(GiveUp, match=rf"{invoice.number}: invalid document: .*BR-CL-14"):
        await rendered(m, settings, invoice.id)
    async with database.session(SYSTEM) as session:
        assert await sending.documents_of(session, invoice.id) == []
    assert await told(m, invoice.id) == []


async def one_without_partner(m: Market) -> Invoice:
    return (await invoiced(m, partner=False))[0]


async def test_what_is_not_as_it_was_issued_is_not_printed(m: Market) -> None:
    invoice = await one(m)
    async with m.database.session(SYSTEM) as session:
        columns = {column.key: getattr(invoice, column.key) for column in Invoice.__table__.columns}
        forged = columns | {"id": uuid4(), "number": f"{invoice.number}X", "payment_reference": "RF18539007547034"}
        session.add(Invoice(**{name: value for name, value in forged.items() if name != "open_cents"}))
        await session.flush()
        with pytest.raises(BrokenSeal):
            await loading.printable(session, forged["id"])
        await session.rollback()


async def test_nothing_can_be_sent_before_it_was_made_or_of_others(m: Market, database: Database) -> None:
    invoice = await one(m)
    async with database.session(m.actors["staff"]) as session:
        with pytest.raises(NotRenderedYet):
            await sending.send_again(session, invoice.id, None)
    stranger = await market(database)
    async with database.session(stranger.actors["staff"]) as session:
        with pytest.raises(NotFound):
            await sending.send_again(session, invoice.id, "me@example.nl")


# --- mail ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def receiving(server: MailServer) -> AsyncIterator[MailServer]:
    """A mail server that takes letters larger than a stream buffers."""
    there = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 22)
    server.port = there.sockets[0].getsockname()[1]
    yield server
    there.close()
    await there.wait_closed()


@pytest.fixture
async def own(fresh_database: Any, database: Database) -> AsyncIterator[Database]:
    """A database of its own: delivery takes whatever is due."""
    made = Database(await fresh_database(), database._password)
    yield made
    await made.close()


async def test_both_documents_arrive_and_nothing_goes_without_its_own(own: Database, settings: Settings) -> None:
    m, other = await market(own), await market(own)
    invoice = await one_without_partner(m)
    pdf, ubl = await rendered(m, settings, invoice.id)
    async with own.session(SYSTEM) as session:
        for entity_id, attached in ((other.entity.id, pdf.id), (m.entity.id, uuid4())):
            given = {"to": "thief@example.nl", "subject": "x", "body": "x", "attachment_ids": [attached]}
            await queue_mail(session, entity_id=entity_id, **given)
    async with receiving(MailServer()) as server:
        there = settings.model_copy(update={"smtp_url": server.url})
        await deliver_due_mail(own, there)
        [message] = [each for each in server.received if each["To"] == m.customer.email]
    files = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
    content = {name: data if isinstance(data, bytes) else data.encode() for name, data in files.items()}
    assert content == {pdf.file_name: pdf.content, ubl.file_name: ubl.content}
    assert [each["To"] for each in server.received] == [m.customer.email]
    async with own.session(SYSTEM) as session:
        query = select(MailMessage.status).where(MailMessage.recipient == "thief@example.nl")
        assert set(await session.scalars(query)) == {MailStatus.FAILED.value}


# --- keeping ------------------------------------------------------------------------------------------------------


async def kept(m: Market, content: bytes = b"<a/>", **values: Any) -> storing.Stored:
    given: dict[str, Any] = {"owner": ("Test", uuid4()), "kind": DocumentKind.PAIN, "file_name": "a.xml"}
    async with m.database.session(m.actors["staff"]) as session:
        return await storing.store(
            session, entity_id=m.entity.id, media_type="application/xml", content=content, **{**given, **values}
        )


async def test_the_first_of_a_kind_stays(m: Market) -> None:
    owner = ("Test", uuid4())
    first, second = await kept(m, owner=owner), await kept(m, b"<b/>", owner=owner)
    assert (second.id, first.new, second.new) == (first.id, True, False)
    assert (await kept(m, owner=owner, kind=DocumentKind.CSV)).new


async def test_a_document_never_changes(m: Market, owner: asyncpg.Connection) -> None:  # type: ignore[type-arg]  # not generic when run
    made = await kept(m)
    changes = (update(Document).values(file_name="b").where(Document.id == made.id), delete(Document))
    for audience in (SYSTEM, m.actors["staff"]):
        for change in changes:
            with pytest.raises(DBAPIError, match="permission denied"):
                async with m.database.session(audience) as session:
                    await session.execute(change)
    for change in ("UPDATE document SET size = 1", "DELETE FROM document"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await owner.execute(f"{change} WHERE id = $1", made.id)


async def test_content_is_read_by_no_audience(m: Market) -> None:
    made = await kept(m)
    for name in ("staff", "dealer", "customer"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with m.database.session(m.actors[name]) as session:
                await session.execute(select(Document.content).where(Document.id == made.id))


async def test_it_is_seen_by_whom_it_is_for(m: Market) -> None:
    mine = {
        "none": await kept(m),
        "customer": await kept(m, contact_id=m.customer.id),
        "dealer": await kept(m, payer_chain_ids=[m.master.id, m.dealer.id]),
    }
    seen = {}
    for name in ("staff", "customer", "dealer", "master"):
        async with m.database.session(m.actors[name]) as session:
            ids = set(await session.scalars(select(Document.id).where(Document.id.in_([d.id for d in mine.values()]))))
        seen[name] = {key for key, document in mine.items() if document.id in ids}
    assert seen == {"staff": set(mine), "customer": {"customer"}, "dealer": {"dealer"}, "master": {"dealer"}}


async def test_bad_files_are_refused(m: Market) -> None:
    with pytest.raises(EmptyDocument):
        await kept(m, b"")
    with pytest.raises(DocumentTooLarge):
        await kept(m, b"x" * (LARGEST + 1))
    assert storing.harmless('../../etc/a"b\r\nSet-Cookie: x.pdf') == "etc-a-b-Set-Cookie- x.pdf"
    assert storing.harmless("..") == "document"


# --- links --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=(uuid4().hex, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def test_a_link_downloads_the_file(m: Market, settings: Settings, http: httpx.AsyncClient) -> None:
    made = await kept(m, b"<script>alert(1)</script>")
    answer = await http.get(link(made.id, settings))
    assert (answer.status_code, answer.content) == (200, b"<script>alert(1)</script>")
    assert answer.headers["content-disposition"] == 'attachment; filename="a.xml"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "application/xml"
    tag = answer.headers["etag"]
    assert tag == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    again = await http.get(link(made.id, settings), headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_link_that_does_not_hold_is_refused(m: Market, settings: Settings, http: httpx.AsyncClient) -> None:
    made, other = await kept(m), await kept(m)
    good = link(made.id, settings)
    past = link(made.id, settings, datetime.now(UTC) - timedelta(seconds=1))
    refused = {
        good.replace(str(made.id), str(other.id)): (403, "LINK_INVALID"),
        good.replace("expires=", "expires=1"): (403, "LINK_INVALID"),
        good[:-1] + ("0" if good[-1] != "0" else "1"): (403, "LINK_INVALID"),
        f"/documents/{made.id}": (403, "LINK_INVALID"),
        f"/documents/{made.id}?expires=²&signature=é": (403, "LINK_INVALID"),
        past: (410, "LINK_EXPIRED"),
        link(uuid4(), settings): (404, "NOT_FOUND"),
    }
    for url, (status, code) in refused.items():
        answer = await http.get(url)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), url
    assert (await http.get("/documents/not-an-id")).status_code == 404


def test_a_link_ends(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    id = uuid4()
    query = httpx.URL(link(id, settings, origin="https://portal.example")).params
    later = datetime.now(UTC) + LASTS + timedelta(seconds=2)
    assert state_of(settings, id, query["expires"], query["signature"]) is LinkState.GOOD
    monkeypatch.setattr(clock, "now", lambda: later)
    assert state_of(settings, id, query["expires"], query["signature"]) is LinkState.EXPIRED
    for_ever = httpx.URL(link(id, settings, later + LONGEST + timedelta(days=1))).params
    assert state_of(settings, id, for_ever["expires"], for_ever["signature"]) is LinkState.WRONG
