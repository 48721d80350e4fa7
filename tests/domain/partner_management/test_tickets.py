"""Tickets go by turns, cancelling is as agreed, and what partners sent is forgotten when it was agreed to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from domain.agreements.enforcing import CancellationsUsedUp, CancellationTooLate
from domain.agreements.partner_terms import parse
from domain.agreements.service import save_agreement, save_terms
from domain.errors import NotFound, PermissionDenied
from domain.events.models import Event
from domain.numbering.service import AMSTERDAM
from domain.orders import service as orders
from domain.orders.models import Order
from domain.partner_management import effects, reactions, retention, tickets
from domain.partner_management.errors import NotAnOwner, OrderOfAnother, TicketResolved
from domain.partner_management.models import PartnerTicketMessage, TicketPriority
from domain.partner_management.tickets import Opening, due
from domain.partner_orders.models import PartnerOrder
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.quoting import Market, market

OPENING = {"subject": "Where is it?", "body": "Our customer asks."}


@pytest.fixture
async def sold(database: Database) -> Market:
    return await market(database, agreement={})


def opening(made: Market, **values: object) -> Opening:
    return Opening(**({"entity_id": made.entity.id, "organization_id": made.dealer.id} | OPENING | values))  # type: ignore[arg-type]  # of the test


async def test_it_is_the_other_sides_turn_and_notes_are_for_staff(sold: Market) -> None:
    database, (dealer, staff) = sold.database, (sold.actors["dealer"], sold.actors["staff"])
    async with database.session(dealer) as session:
        ticket = await tickets.open_(session, opening(sold))
        assert (ticket.state, ticket.due_at is not None) == ("OPEN", True)
        with pytest.raises(PermissionDenied):
            await tickets.answer(session, ticket.id, "For me alone", internal=True)
        due_at = ticket.due_at
        await tickets.answer(session, ticket.id, "One more thing")
        assert ticket.due_at == due_at
    async with database.session(staff) as session:
        await tickets.answer(session, ticket.id, "He is difficult", internal=True)
        answered = await tickets.answer(session, ticket.id, "On its way")
        assert (answered.state, answered.due_at, answered.answered_at is not None) == ("WAITING", None, True)
        await tickets.resolve(session, ticket.id)
        with pytest.raises(TicketResolved):
            await tickets.answer(session, ticket.id, "Still")
    async with database.session(dealer) as session:
        assert await session.scalar(select(func.count()).select_from(PartnerTicketMessage)) == 3
        assert (await tickets.reopen(session, ticket.id)).state == "OPEN"
    async with database.session(SYSTEM) as session:
        events = list(
            await session.scalars(select(Event).where(Event.subject_id == ticket.id).order_by(Event.created_at))
        )
        for event in events:
            if event.type in reactions.EVENTS:
                await reactions.react(session, event)
        kinds = await session.scalars(
            text("SELECT DISTINCT kind FROM notification WHERE subject_id = :id ORDER BY kind"), {"id": ticket.id}
        )
        assert list(kinds) == [
            "ticket.answered.partner",
            "ticket.answered.staff",
            "ticket.opened.staff",
            "ticket.resolved.partner",
        ]


async def test_a_ticket_is_of_its_own_partner_order_and_staff(sold: Market) -> None:
    async with sold.database.session(sold.actors["dealer"]) as session:
        with pytest.raises(NotFound):
            await tickets.open_(session, opening(sold, organization_id=sold.master.id))
    private = await sold.ordered(partner=False)
    async with sold.database.session(sold.actors["staff"]) as session:
        with pytest.raises(OrderOfAnother):
            await tickets.open_(session, opening(sold, order_id=private))
        ticket = await tickets.open_(session, opening(sold))
        assert ticket.state == "WAITING"
        with pytest.raises(NotAnOwner):
            await tickets.assign(session, ticket.id, sold.actors["dealer"].user_id)
        await tickets.assign(session, ticket.id, sold.actors["staff"].user_id)


async def test_a_late_answer_is_told_once(sold: Market) -> None:
    async with sold.database.session(sold.actors["dealer"]) as session:
        ticket = await tickets.open_(session, opening(sold))
    later = (ticket.due_at or datetime.now(UTC)) + timedelta(minutes=1)
    async with sold.database.session(SYSTEM) as session:
        await tickets.tell_overdue(session, later)
        await tickets.tell_overdue(session, later + timedelta(minutes=1))
        overdue = select(func.count()).where(Event.subject_id == ticket.id, Event.type == "partner_ticket.overdue")
        assert await session.scalar(overdue) == 1


@given(st.integers(0, 365 * 24 * 60), st.sampled_from(TicketPriority))
@settings(max_examples=80)
def test_answers_are_due_within_working_hours(minutes: int, priority: TicketPriority) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    by = due(since, priority).astimezone(AMSTERDAM)
    assert by > since
    assert by.weekday() < 5
    assert 8 <= by.hour <= 18
    assert by - since < timedelta(days=10)


def test_an_urgent_question_on_friday_evening_is_due_on_monday_morning() -> None:
    friday = datetime(2026, 5, 15, 17, 30, tzinfo=AMSTERDAM)
    assert due(friday, TicketPriority.URGENT) == datetime(2026, 5, 18, 9, 30, tzinfo=AMSTERDAM)


async def test_partners_cancel_as_agreed_and_staff_always(sold: Market) -> None:
    first, second, third = [await sold.ordered() for _ in range(3)]
    async with sold.database.session(SYSTEM) as session:
        await save_terms(
            session, sold.entity.id, sold.master.id, {"cancellable_until_hours": 48, "free_cancellations_per_month": 1}
        )
        tomorrow = (datetime.now(AMSTERDAM) + timedelta(days=1)).date()
        await session.execute(
            text("UPDATE visit SET status = 'PLANNED', day = :day, block = 'MORNING' WHERE order_id = :id"),
            {"day": tomorrow, "id": first},
        )
    async with sold.database.session(sold.actors["dealer"]) as session:
        with pytest.raises(CancellationTooLate):
            await orders.cancel(session, first, "Changed its mind")
        await orders.cancel(session, second, "Changed its mind")
        with pytest.raises(CancellationsUsedUp):
            await orders.cancel(session, third, "Changed its mind")
    async with sold.database.session(sold.actors["staff"]) as session:
        for id in (first, third):
            await orders.cancel(session, id, "Changed its mind")
        stages = await session.scalars(select(Order.stage).where(Order.entity_id == sold.entity.id))
        assert set(stages) == {"CANCELLED"}


async def test_terms_stay_when_the_rest_is_agreed_anew_and_are_judged_before_they_hold(sold: Market) -> None:
    insert = text(
        "INSERT INTO partner_order (entity_id, organization_id, channel_organization_ids, partner_order_id, way, "
        "document, body_sha256, content_sha256, received_at) "
        "VALUES (:e, :o, :chain, :number, 'API', CAST(:document AS jsonb), '', '', :at)"
    )
    now = datetime.now(UTC)
    of = {"e": sold.entity.id, "o": sold.dealer.id, "chain": [sold.master.id, sold.dealer.id]}
    async with sold.database.session(SYSTEM) as session:
        for number, document, age in (
            ("A", '{"customer": {"address": {"street": "Dorpsstraat"}}}', 1),
            ("B", '{"customer": {"address": {}}}', 40),
        ):
            await session.execute(
                insert, of | {"number": number, "document": document, "at": now - timedelta(days=age)}
            )
        given = {"required_fields": ["$.products"], "orders_per_day": 0, "retention_days": 30}
        before, agreement = await save_terms(session, sold.entity.id, sold.master.id, given)
        after = (await save_agreement(session, sold.entity.id, sold.master.id, {"default_payer": "PARTNER"})).terms
        assert after == agreement.terms
        seen = await effects.effects(session, sold.entity.id, sold.master.id, parse(agreement.terms), now)
        assert (seen.orders, seen.refused, seen.days_over_limit, seen.by_field) == (1, 1, 1, {"products": 1})
        assert [change.term for change in effects.changes(before, parse(agreement.terms))] == [
            "orders_per_day",
            "required_fields",
            "retention_days",
        ]
        await session.execute(text("INSERT INTO partner_integration (entity_id, organization_id) VALUES (:e, :o)"), of)
        later = now + timedelta(hours=1)
        assert await retention.forget(session, sold.entity.id, later) == 1
        assert await retention.forget(session, sold.entity.id, later) == 0
        kept = await session.scalars(select(PartnerOrder.partner_order_id).where(PartnerOrder.document != {}))
        assert "B" not in set(kept)
