"""Whoever paid is told once; the office is told of what it has to look at."""

from sqlalchemy import select

from domain.events.models import Event
from domain.ledger.posting import today
from domain.money import Money
from domain.notifications.models import Notification
from domain.payments import reactions, refunding
from domain.payments.models import Destination, PaymentMethod, Provider
from domain.payments.receiving import receive
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.factories import unique
from tests.paying import Shop, shop


async def told(s: Shop) -> list[tuple[str, str]]:
    """Kind and title of each notification, after what happened was reacted to twice."""
    async with s.database.session(SYSTEM) as session:
        own = Event.entity_id == s.entity.id, Event.type.in_(reactions.EVENTS)
        events = list((await session.execute(select(Event).where(*own))).scalars())
        for event in [*events, *events]:
            await reactions.react(session, event)
    async with s.database.session(SYSTEM) as session:
        query = select(Notification).where(Notification.entity_id == s.entity.id).order_by(Notification.id)
        return sorted((row.kind, row.title) for row in (await session.execute(query)).scalars())


async def test_a_customer_is_told_of_receipt_and_refund_and_staff_of_what_pays_nothing(database: Database) -> None:
    s = await shop(database)
    given = {"method": PaymentMethod.IDEAL, "provider": Provider.MOLLIE, "received_on": today()}
    async with database.session(SYSTEM) as session:
        invoice = await s.invoice(50_00)
        payment = await receive(
            session, entity_id=s.entity.id, amount=Money(50_00), provider_id=unique(), invoice_ids=[invoice], **given
        )
        out = await refunding.refund(session, payment.id, Money(10_00), Destination.SOURCE, "Sent back")
        await refunding.succeed(session, out.id, provider_id=unique())
        lost = await receive(session, entity_id=s.entity.id, amount=Money(7_00), provider_id=unique(), **given)
    assert await told(s) == [
        ("payment.received", "Wij hebben uw betaling ontvangen"),
        ("payment.refunded", "Uw geld komt terug"),
        *[("payment.suspended.staff", f"Betaling {lost.number} moet worden toegewezen")],
    ]
