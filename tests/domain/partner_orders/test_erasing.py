"""An erased customer is gone from what partners sent about it, however that came and whether or not it was an order."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.contacts import privacy
from domain.inbound_mail.models import EmailOrder, InboundAddress, InboundMail
from domain.orders import service as orders
from domain.partner_management import tickets
from domain.partner_management.tickets import Opening
from domain.partner_orders import exceptions, integration
from domain.partner_orders.models import ExceptionKind, PartnerOrder, PartnerOrderException
from domain.ways_in.models import InboundMessage, MappedWebhook
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.domain.partner_orders.test_completing import NEW, rows
from tests.domain.partner_orders.trade import Trade, trade


@pytest.fixture
async def trading(database: Database) -> Trade:
    return await trade(database)


def of_the_dealer(made: Trade) -> dict[str, Any]:
    return {"entity_id": made.market.entity.id, "organization_id": made.market.dealer.id}


async def person(made: Trade) -> tuple[UUID, str]:
    """A person, and the address by which mails and messages speak of it."""
    email = f"{factories.unique('zoek')}@example.nl"
    async with made.market.database.session(SYSTEM) as session:
        return (await factories.person(session, made.market.entity, name=email, email=email)).id, email


async def erase(made: Trade, id: UUID) -> None:
    async with made.market.database.session(SYSTEM) as session:
        await privacy.erase(session, made.market.actors["staff"], id)


async def exception_about(made: Trade, source_id: UUID, said: str) -> UUID:
    async with made.market.database.session(SYSTEM) as session:
        await exceptions.open_(
            session,
            **of_the_dealer(made),
            kind=ExceptionKind.REFUSED,
            message={"nl": said, "en": said},
            detail={"given": said},
            source_id=source_id,
        )
    return source_id


async def mail(made: Trade, email: str, *, sender: str = "", fields: dict[str, Any] | None = None) -> tuple[UUID, UUID]:
    """A mail in which one order was read that waits to be looked at."""
    async with made.market.database.session(SYSTEM) as session:
        address = InboundAddress(**of_the_dealer(made), local_part=factories.unique("in"), allowed_senders=[email])
        session.add(address)
        await session.flush()
        values = {"way": "SMTP", "sha256": uuid4().hex, "size": 9, "raw": b"x", "subject": f"Order {email}"}
        row = InboundMail(**of_the_dealer(made), address_id=address.id, sender=sender, state="READ", **values)
        session.add(row)
        await session.flush()
        order = EmailOrder(**of_the_dealer(made), inbound_mail_id=row.id, position=1, fields=fields or {})
        session.add(order)
        await session.flush()
        return row.id, order.id


async def message(made: Trade, body: bytes) -> UUID:
    async with made.market.database.session(SYSTEM) as session:
        values = {"slug": factories.unique("hook"), "name": "Hook", "authentication": {}, "mapping": {}}
        hook = MappedWebhook(**of_the_dealer(made), **values)
        session.add(hook)
        await session.flush()
        said = {
            "state": "FAILED",
            "body": body,
            "headers": {"x-of": "them"},
            "body_sha256": "0" * 64,
            "size": len(body),
        }
        row = InboundMessage(**of_the_dealer(made), mapped_webhook_id=hook.id, **said)
        session.add(row)
        await session.flush()
        return row.id


async def holding(made: Trade, word: str) -> set[str]:
    """The tables of what partners sent in which a word occurs."""
    names = "partner_order partner_order_exception partner_integration inbound_mail inbound_address email_order"
    names += " partner_ticket partner_ticket_message"
    found = set()
    async with made.market.database.session(SYSTEM) as session:
        for table in names.split():
            query = text(f"SELECT count(*) FROM {table} t WHERE position(:word IN to_jsonb(t)::text) > 0")
            if (await session.execute(query, {"word": word})).scalar_one():
                found.add(table)
    return found


async def test_an_order_read_in_a_mail_and_never_submitted_is_forgotten(trading: Trade) -> None:
    id, email = await person(trading)
    _, other = await person(trading)
    mail_id, order_id = await mail(trading, email, fields={"$.customer.email": {"value": email.upper()}})
    await exception_about(trading, order_id, email)
    _, kept = await mail(trading, other, fields={"$.customer.email": {"value": other}})
    await erase(trading, id)
    assert await holding(trading, email) == set()
    assert await holding(trading, email.upper()) == set()
    async with trading.market.database.session(SYSTEM) as session:
        order = await session.get_one(EmailOrder, order_id)
        assert (order.state, order.fields, order.version) == ("REJECTED", {}, 2)
        assert (await session.get_one(InboundMail, mail_id)).raw is None
        assert (await session.get_one(EmailOrder, kept)).state == "REVIEW"
    (item,) = await rows(trading, PartnerOrderException)
    assert (item.state, item.detail) == ("DISMISSED", {})


async def test_a_mail_that_the_person_wrote_is_forgotten(trading: Trade) -> None:
    id, email = await person(trading)
    mail_id, _ = await mail(trading, email, sender=email)
    await erase(trading, id)
    async with trading.market.database.session(SYSTEM) as session:
        gone = await session.get_one(InboundMail, mail_id)
    assert (gone.raw, gone.subject, gone.sender) == (None, "", "")


async def test_a_message_that_became_no_order_is_forgotten_and_others_stay(trading: Trade) -> None:
    id, email = await person(trading)
    failed = await exception_about(trading, await message(trading, f'{{"mail": "{email.upper()}"}}'.encode()), email)
    kept = await message(trading, b"\xff\x00 of somebody else")
    await erase(trading, id)
    async with trading.market.database.session(SYSTEM) as session:
        gone, other = await session.get_one(InboundMessage, failed), await session.get_one(InboundMessage, kept)
    assert (gone.body, gone.headers, gone.forgotten_at is not None) == (None, {}, True)
    assert (other.body, other.forgotten_at) == (b"\xff\x00 of somebody else", None)
    assert await holding(trading, email) == set()


async def test_an_order_keeps_no_address_and_its_items_are_closed(trading: Trade) -> None:
    await trading.send(trading.document("E-1", NEW))
    (order,) = await rows(trading, PartnerOrder)
    assert order.address_id is not None
    await erase(trading, order.contact_id)
    (order,) = await rows(trading, PartnerOrder)
    assert (order.document, order.address_id, order.forgotten_at is not None) == ({}, None, True)
    assert {(item.state, item.detail) == ("DISMISSED", {}) for item in await rows(trading, PartnerOrderException)} == {
        True
    }
    async with trading.market.database.session(SYSTEM) as session:
        query = text("SELECT count(*) FROM address WHERE contact_id = :id AND street <> ''")
        assert (await session.execute(query, {"id": order.contact_id})).scalar_one() == 0


async def test_what_was_written_about_a_persons_order_and_who_is_told_go(trading: Trade) -> None:
    made = trading.market
    order_id = await made.ordered(partner=True)
    word, email = factories.unique("zoek"), made.customer.email or ""
    about: dict[str, Any] = {"subject": f"{word} waits", "body": f"{word} called", "order_id": order_id}
    async with made.database.session(made.actors["dealer"]) as session:
        ticket = await tickets.open_(session, Opening(**of_the_dealer(trading), **about))
    async with made.database.session(SYSTEM) as session:
        integrated = await integration.of(session, made.entity.id, made.master.id)
        integrated.notify_emails = [email, f"{word}@example.nl"]
    async with made.database.session(made.actors["staff"]) as session:
        await orders.cancel(session, order_id, "Op verzoek")
    assert await holding(trading, word) == {"partner_ticket", "partner_ticket_message", "partner_integration"}
    await erase(trading, made.customer.id)
    assert await holding(trading, word) == {"partner_integration"}
    assert await holding(trading, email) == set()
    assert await holding(trading, ticket.number) == {"partner_ticket"}
