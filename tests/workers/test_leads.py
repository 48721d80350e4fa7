"""Due steps are carried out exactly once, whoever carries them out, and a broken one holds up no other."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from domain.contacts.models import ContactRelation
from domain.events.models import Event
from domain.leads import followups, qualification, steps
from domain.leads.models import FollowUpChannel, FollowUpStep, Lead, LeadFollowUp, LeadStatus
from domain.mail import show
from domain.notifications import deliveries
from domain.notifications.models import NotificationDelivery
from tenants.engine import Database
from tests.domain.leads.world import World, make
from workers.leads import carry_out_due_follow_ups


@pytest.fixture
async def world(database: Database) -> World:
    return await make(database)


async def step(world: World, position: int = 1, hours: int = 0, **values: object) -> FollowUpStep:
    base = steps.GivenStep(
        world.entity.id,
        LeadStatus.NEW,
        position,
        hours,
        FollowUpChannel.EMAIL,
        "Uw aanvraag {number}",
        "Beste {name}, zie {portal}. {brand}",
        "Your request {number}",
        "Dear {name}",
    )
    async with world.database.session(world.admin) as session:
        given = steps.GivenStep(**{name: getattr(base, name) for name in base.__slots__} | values)
        return await steps.save_step(session, given)


async def follow_up(world: World, lead: Lead) -> LeadFollowUp:
    async with world.system() as session:
        return (await session.scalars(select(LeadFollowUp).where(LeadFollowUp.lead_id == lead.id))).one()


async def sent_to(world: World, lead: Lead) -> list[tuple[str, str]]:
    return [(mail.subject, mail.body) for mail in await show.latest(world.database, 50, lead.email)]


async def told(world: World, lead: Lead, type: str) -> list[Event]:
    async with world.system() as session:
        return list(await session.scalars(select(Event).where(Event.subject_id == lead.id, Event.type == type)))


async def test_a_mail_step_is_sent_once_however_many_workers_run(world: World) -> None:
    await step(world)
    lead = await world.lead(name="Jan {portal} Jansen")
    await asyncio.gather(*(carry_out_due_follow_ups(world.database) for _ in range(3)))
    [(subject, body)] = await sent_to(world, lead)
    assert subject == f"Uw aanvraag {lead.number}"
    assert body.startswith("Beste Jan {portal} Jansen, zie http://")
    assert world.brand.host in body
    assert (await follow_up(world, lead)).outcome == "SENT"
    assert len(await told(world, lead, "lead.follow_up_sent")) == 1


async def test_who_chose_english_is_written_in_english(world: World) -> None:
    await step(world)
    lead = await world.lead(language="en")
    await carry_out_due_follow_ups(world.database)
    assert [body.strip() for _, body in await sent_to(world, lead)] == ["Dear Jan Jansen"]


async def test_a_task_is_an_event_for_staff_only(world: World) -> None:
    await step(world, channel=FollowUpChannel.TASK)
    lead = await world.lead(world.dealer_user)
    await carry_out_due_follow_ups(world.database)
    [event] = await told(world, lead, "lead.task_due")
    assert (event.internal, event.payload["title"]) == (True, f"Uw aanvraag {lead.number}")
    assert await sent_to(world, lead) == []
    assert (await follow_up(world, lead)).outcome == "TASK_CREATED"


async def test_what_is_not_due_or_cancelled_is_left_alone(world: World) -> None:
    await step(world, hours=1)
    later = await world.lead()
    gone = await world.lead()
    async with world.system() as session:
        rows = update(LeadFollowUp).where(LeadFollowUp.lead_id == gone.id)
        await session.execute(rows.values(due_at=func.now() - timedelta(hours=1)))
    async with world.database.session(world.admin) as session:
        await qualification.qualify(session, gone.id)
    await carry_out_due_follow_ups(world.database)
    for lead in (later, gone):
        assert await sent_to(world, lead) == []
        assert (await follow_up(world, lead)).done_at is None


async def test_a_step_that_fails_is_tried_again_later_and_then_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = await step(world)
    bad, good = await world.lead(name="Bad"), await world.lead(name="Good")
    queue = deliveries.queue_mail

    async def failing(session: object, **mail: object) -> None:
        await queue(session, **mail)  # type: ignore[arg-type]  # passed on as it came
        if mail["to"] == bad.email:
            raise RuntimeError("no")

    monkeypatch.setattr(deliveries, "queue_mail", failing)
    for attempt in range(1, len(followups.WAITS) + 2):
        await carry_out_due_follow_ups(world.database)
        row = await follow_up(world, bad)
        assert row.attempts == attempt
        async with world.system() as session:
            again = update(LeadFollowUp).where(LeadFollowUp.id == row.id, LeadFollowUp.done_at.is_(None))
            await session.execute(again.values(due_at=func.now() - timedelta(seconds=1)))
    assert len(await sent_to(world, good)) == 1
    assert await sent_to(world, bad) == []
    assert (await follow_up(world, bad)).outcome == "FAILED"
    [event] = await told(world, bad, "lead.follow_up_failed")
    assert (event.internal, event.payload["step_id"]) == (True, str(broken.id))


async def test_who_wants_no_mail_of_this_kind_gets_none(world: World) -> None:
    await step(world)
    lead = await world.lead()
    async with world.system() as session:
        of = update(ContactRelation).where(ContactRelation.contact_id == lead.contact_id)
        await session.execute(of.values(communication_preferences={"marketing": False}))
    await carry_out_due_follow_ups(world.database)
    assert await sent_to(world, lead) == []
    row = await follow_up(world, lead)
    assert (row.done_at, row.cancelled_at is not None) == (None, True)
    assert await told(world, lead, "lead.follow_up_sent") == []


async def test_a_follow_up_is_tracked_and_can_be_switched_off(world: World) -> None:
    await step(world)
    lead = await world.lead()
    await carry_out_due_follow_ups(world.database)
    [mail] = await show.latest(world.database, 1, lead.email)
    assert mail.unsubscribe_url
    assert mail.html
    async with world.system() as session:
        query = select(NotificationDelivery).where(NotificationDelivery.subject_id == lead.id)
        sent = (await session.scalars(query)).one()
    assert (sent.kind, sent.channel, sent.mail_id) == ("lead.follow_up", "EMAIL", mail.id)
