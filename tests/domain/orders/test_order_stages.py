"""An order on its way: stages, cancelling, holding, and who may."""

from uuid import UUID

import pytest
from sqlalchemy import select

from domain.errors import InvalidState, NotFound, Required
from domain.events.models import Event
from domain.orders import service, stages
from domain.orders.errors import NotOnHold, OrderOnHold, WorkHasBegun
from domain.orders.models import Order, OrderMilestone, OrderStage
from domain.visits.models import Visit
from tenants.engine import Database
from tests.quoting import Market, market


async def read(m: Market, order_id: UUID) -> Order:
    async with m.database.session(m.actors["staff"]) as session:
        return await session.get_one(Order, order_id)


async def moved(m: Market, order_id: UUID, *to: OrderStage) -> None:
    async with m.database.session(m.actors["staff"]) as session:
        for stage in to:
            await service.move(session, order_id, stage)


async def visits(m: Market, order_id: UUID) -> list[str]:
    async with m.database.session(m.actors["staff"]) as session:
        return list((await session.execute(select(Visit.status).where(Visit.order_id == order_id))).scalars())


async def told(m: Market, name: str, order_id: UUID) -> list[str]:
    async with m.database.session(m.actors[name]) as session:
        query = select(Event.type).where(Event.subject_id == order_id).order_by(Event.created_at)
        return list((await session.execute(query)).scalars())


def test_every_stage_has_followers_and_a_figure() -> None:
    assert set(stages.FOLLOWS) == set(OrderStage)
    assert set(stages.PROGRESS) == set(OrderStage) - {OrderStage.CANCELLED}
    assert sorted(stages.PROGRESS.values()) == list(stages.PROGRESS.values())


async def test_an_order_goes_through_its_stages(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    await moved(m, order_id, OrderStage.PLANNING, OrderStage.SCHEDULED, OrderStage.IN_PROGRESS, OrderStage.COMPLETED)
    order = await read(m, order_id)
    assert (order.stage, order.progress) == ("COMPLETED", 100)
    assert order.completed_at is not None
    async with database.session(m.actors["customer"]) as session:
        query = select(OrderMilestone.stage).where(OrderMilestone.order_id == order_id)
        reached = (await session.execute(query.order_by(OrderMilestone.id))).scalars().all()
    assert reached == ["RECEIVED", "PLANNING", "SCHEDULED", "IN_PROGRESS", "COMPLETED"]


async def test_stages_are_not_skipped(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    await moved(m, order_id, OrderStage.PLANNING)
    with pytest.raises(InvalidState):
        await moved(m, order_id, OrderStage.COMPLETED)


@pytest.mark.parametrize("name", ["customer", "dealer", "master", "staff"])
async def test_who_sees_an_order_may_cancel_it_before_the_work(database: Database, name: str) -> None:
    m = await market(database, agreement={})
    order_id = await m.ordered()
    async with database.session(m.actors[name]) as session:
        await service.cancel(session, order_id, "Moved house")
    order = await read(m, order_id)
    assert (order.stage, order.cancel_reason, order.progress) == ("CANCELLED", "Moved house", 10)
    assert await visits(m, order_id) == ["CANCELLED"]
    assert await told(m, "customer", order_id) == ["order.received", "order.cancelled"]
    with pytest.raises(InvalidState):
        async with database.session(m.actors[name]) as session:
            await service.cancel(session, order_id, "Again")


@pytest.mark.parametrize("name", ["customer", "dealer"])
async def test_once_the_work_has_begun_only_staff_cancel(database: Database, name: str) -> None:
    m = await market(database, agreement={})
    order_id = await m.ordered()
    await moved(m, order_id, OrderStage.PLANNING, OrderStage.SCHEDULED, OrderStage.IN_PROGRESS)
    with pytest.raises(WorkHasBegun):
        async with database.session(m.actors[name]) as session:
            await service.cancel(session, order_id, "Too late")
    async with database.session(m.actors["staff"]) as session:
        await service.cancel(session, order_id, "Broken cable in the ground")
    assert (await read(m, order_id)).stage == "CANCELLED"


async def test_a_completed_order_is_not_cancelled(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    await moved(m, order_id, OrderStage.COMPLETED)
    with pytest.raises(InvalidState):
        async with database.session(m.actors["staff"]) as session:
            await service.cancel(session, order_id, "No")


async def test_a_cancellation_is_undone(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    await moved(m, order_id, OrderStage.PLANNING)
    async with database.session(m.actors["staff"]) as session:
        await service.cancel(session, order_id, "Mistake")
        await service.reopen(session, order_id, "It was a mistake")
    order = await read(m, order_id)
    assert (order.stage, order.progress, order.cancelled_at, order.cancel_reason) == ("RECEIVED", 10, None, None)
    assert await visits(m, order_id) == ["REQUIRED"]
    await moved(m, order_id, OrderStage.PLANNING)


async def test_nothing_happens_to_an_order_on_hold_until_it_is_resumed(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    async with database.session(m.actors["staff"]) as session:
        await service.hold(session, order_id, "Waiting for the grid operator")
    with pytest.raises(OrderOnHold):
        await moved(m, order_id, OrderStage.PLANNING)
    with pytest.raises(OrderOnHold):
        async with database.session(m.actors["staff"]) as session:
            await service.hold(session, order_id, "Twice")
    async with database.session(m.actors["staff"]) as session:
        await service.resume(session, order_id)
        with pytest.raises(NotOnHold):
            await service.resume(session, order_id)
    await moved(m, order_id, OrderStage.PLANNING)
    assert await told(m, "customer", order_id) == [
        "order.received",
        "order.held",
        "order.resumed",
        "order.stage_changed",
    ]


async def test_a_held_order_may_be_cancelled(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    async with database.session(m.actors["staff"]) as session:
        await service.hold(session, order_id, "Waiting")
    async with database.session(m.actors["customer"]) as session:
        await service.cancel(session, order_id, "Waited too long")
    order = await read(m, order_id)
    assert (order.on_hold, order.hold_reason) == (False, None)


async def test_a_reason_is_asked_for_and_kept_in_the_audit_trail(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    for act in (service.cancel, service.hold):
        with pytest.raises(Required) as refused:
            async with database.session(m.actors["staff"]) as session:
                await act(session, order_id, "  ")
        assert refused.value.field == ("reason",)
    async with database.session(m.actors["staff"]) as session:
        await service.hold(session, order_id, "Why")
        query = select(Event.changes).where(Event.subject_id == order_id, Event.type == "order.held")
        changes = (await session.execute(query)).scalar_one()
    assert (changes["on_hold"], changes["hold_reason"]) == ([False, True], [None, "Why"])


async def test_notes_are_for_all_or_for_staff(database: Database) -> None:
    m = await market(database)
    order_id = await m.ordered(partner=False)
    async with database.session(m.actors["staff"]) as session:
        await service.note(session, order_id, "Dog bites", internal=True)
        await service.note(session, order_id, "Ring the bell", internal=False)
    assert await told(m, "customer", order_id) == ["order.received", "order.noted"]


async def test_orders_of_others_do_not_exist(database: Database) -> None:
    m, other = await market(database), await market(database)
    order_id = await m.ordered(partner=False)
    for name in ("customer", "dealer", "staff"):
        with pytest.raises(NotFound):
            async with database.session(other.actors[name]) as session:
                await service.cancel(session, order_id, "Mine now")
    with pytest.raises(NotFound):
        async with database.session(m.actors["dealer"]) as session:
            await service.cancel(session, order_id, "Not on my account")
