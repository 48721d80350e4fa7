"""A plan is put in force whole or not at all, tells whom it concerns, and can be taken back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from domain.events.models import Event
from domain.orders.models import Order
from domain.planning.arrival import moment
from domain.plans import publishing, requests
from domain.plans.errors import PlanDoesNotFit, PlanNotPublishable, PlanNotRevertible, PlanOutdated, PlanRunning
from domain.plans.models import Plan, PlanState, PlanVisit
from domain.teams.planning_days import lock
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tests.domain.plans.making import asked, finished, later, plan
from tests.visiting import AMERSFOORT, GRONINGEN, NIJKERK, Work, monday, planned, promised

MONDAY = monday()


async def publish(some: Work, plan_id: UUID) -> None:
    async with some.database.session(SYSTEM) as session:
        await publishing.publish(session, plan_id)


async def revert(some: Work, plan_id: UUID) -> None:
    async with some.database.session(SYSTEM) as session:
        await publishing.revert(session, plan_id)


async def told(some: Work, subject: UUID) -> list[str]:
    async with some.database.session(SYSTEM) as session:
        query = select(Event.type).where(Event.subject_id == subject).order_by(Event.created_at, Event.id)
        return list(await session.scalars(query))


async def places(some: Work) -> dict[UUID, tuple[object, ...]]:
    async with some.database.session(SYSTEM) as session:
        columns = (Visit.status, Visit.team_id, Visit.day, Visit.block, Visit.route_order, Visit.starts_at)
        return {row[0]: tuple(row[1:]) for row in await session.execute(select(Visit.id, *columns))}


async def test_publishing_and_taking_back(some: Work) -> None:
    team, other = await some.team(), await some.team()
    [added] = await some.visits(places=[AMERSFOORT])
    [moved] = await some.visits(**planned(team, MONDAY))
    [dropped] = await some.visits(places=[GRONINGEN], **planned(team, later(MONDAY, 1)))
    [kept] = await some.visits(entity=1, **promised(planned(team, later(MONDAY, 2))))
    [left] = await some.visits(places=[GRONINGEN])
    before = await places(some)
    plan_id = await finished(some, MONDAY, {(other, MONDAY): [moved, added], (team, later(MONDAY, 2)): [kept]})
    await publish(some, plan_id)
    visits = {id: await some.visit(id) for id in (added, moved, dropped, kept, left)}
    assert [(v.status, v.team_id, v.day, v.route_order) for v in (visits[moved], visits[added])] == [
        ("PLANNED", other, MONDAY, 0),
        ("PLANNED", other, MONDAY, 1),
    ]
    assert visits[added].starts_at is not None
    assert (visits[dropped].status, visits[dropped].day, visits[dropped].team_id) == ("REQUIRED", None, None)
    assert (visits[kept].team_id, visits[kept].day) == (team, later(MONDAY, 2))
    assert visits[left].status == "REQUIRED"
    events = {id: (await told(some, id))[-1:] for id in visits}
    assert events == {
        added: ["visit.planned"],
        moved: ["visit.moved"],
        dropped: ["visit.unplanned"],
        kept: [],
        left: [],
    }
    assert (await plan(some, plan_id)).state == PlanState.PUBLISHED
    entities = 2
    assert (await told(some, plan_id)).count("plan.published") == entities
    await revert(some, plan_id)
    assert await places(some) == before
    assert (await plan(some, plan_id)).state == PlanState.REVERTED
    assert [(await told(some, id))[-1] for id in (added, moved, dropped)] == [
        "visit.unplanned",
        "visit.moved",
        "visit.planned",
    ]
    with pytest.raises(PlanNotRevertible):
        await revert(some, plan_id)


async def test_what_was_promised_or_given_out_is_never_dropped(some: Work) -> None:
    team = await some.team()
    [told_] = await some.visits(**promised(planned(team, MONDAY)))
    [sent] = await some.visits(dispatched_at=datetime.now(UTC), **planned(team, later(MONDAY, 1)))
    [pinned] = await some.visits(pinned=True, **planned(team, later(MONDAY, 2)))
    before = await places(some)
    plan_id = await finished(some, MONDAY, {})
    await publish(some, plan_id)
    after = await places(some)
    assert (after[sent], after[pinned]) == (before[sent], before[pinned])
    assert after[told_] == ("PLANNED", None, MONDAY, "MORNING", None, None)
    made = await plan(some, plan_id)
    assert (made.promised, made.promises_kept) == (1, 0)


async def test_beside_what_stays_there_has_to_be_room(some: Work) -> None:
    team = await some.team()
    [pinned] = await some.visits(pinned=True, **planned(team, MONDAY))
    [added] = await some.visits()
    before = await places(some)
    plan_id = await finished(some, MONDAY, {(team, MONDAY): [added]})
    with pytest.raises(PlanDoesNotFit) as refused:
        await publish(some, plan_id)
    assert refused.value.parameters["days"] == MONDAY.isoformat()
    assert await places(some) == before
    assert pinned in before


async def test_who_was_told_a_window_hears_of_another_time(some: Work) -> None:
    team = await some.team()
    window: dict[str, Any] = {"arrival_from": moment(MONDAY, 480), "arrival_until": moment(MONDAY, 540)}
    [told_] = await some.visits(**promised(planned(team, MONDAY)), **window)
    [silent] = await some.visits(**planned(team, MONDAY, at=15 * 60, order=1))
    [moved] = await some.visits(**planned(team, later(MONDAY, 1)), **window)
    days = {(team, MONDAY): [silent, told_, moved]}
    plan_id = await finished(some, MONDAY, days)
    await publish(some, plan_id)
    assert (await told(some, told_))[-1] == "visit.retimed"
    assert (await some.visit(told_)).arrival_from == window["arrival_from"]
    assert (await some.visit(moved)).arrival_from is None
    assert (await told(some, silent))[-1:] == ["visit.moved"]
    await revert(some, plan_id)
    assert (await told(some, told_)).count("visit.retimed") == 2


@pytest.mark.parametrize("what", ["booked", "absent", "cancelled", "held order", "another day"])
async def test_a_changed_world_refuses_the_plan(some: Work, what: str) -> None:
    team = await some.team()
    waits, free = await some.visits(2)
    plan_id = await finished(some, MONDAY, {(team, MONDAY): [waits]})
    before = await places(some)
    async with some.database.session(SYSTEM) as session:
        match what:
            case "booked":
                await some.change(free, **planned(team, later(MONDAY, 3)))
            case "absent":
                absence = "INSERT INTO absence (team_id, days, reason) VALUES (:team, :days, 'ILL')"
                days = f"[{later(MONDAY, 3)},{later(MONDAY, 4)})"
                await session.execute(text(absence.replace(":days", f"'{days}'")), {"team": team})
            case "cancelled":
                await some.change(waits, status="CANCELLED", outcome="CANCELLED")
            case "held order":
                rests = {"on_hold": True, "hold_reason": "Rebuilding", "held_at": datetime.now(UTC)}
                of = select(Visit.order_id).where(Visit.id == waits).scalar_subquery()
                await session.execute(update(Order).where(Order.id == of).values(**rests))
            case _:
                await some.change(waits, **planned(team, later(MONDAY, 30)))
    changed = {id: place for id, place in (await places(some)).items() if place != before[id]}
    with pytest.raises(PlanOutdated) as refused:
        await publish(some, plan_id)
    day = later(MONDAY, 3) if what in ("booked", "absent") else MONDAY
    assert refused.value.parameters["days"] == day.isoformat()
    assert await places(some) == before | changed
    assert (await plan(some, plan_id)).state == PlanState.FINISHED


async def test_a_booking_under_way_comes_first_and_refuses_the_plan(some: Work) -> None:
    team = await some.team()
    waits, books = await some.visits(2)
    plan_id = await finished(some, MONDAY, {(team, MONDAY): [waits]})
    async with some.database.session(SYSTEM) as booking:
        await lock(booking, [MONDAY])
        await booking.execute(update(Visit).where(Visit.id == books).values(**promised(planned(team, MONDAY))))
        publishing_ = asyncio.create_task(publish(some, plan_id))
        async with asyncio.timeout(10):
            while not await waiting(some):  # noqa: ASYNC110  # another process makes it true
                await asyncio.sleep(0.01)
    with pytest.raises(PlanOutdated):
        await publishing_
    assert (await some.visit(waits)).status == "REQUIRED"


async def waiting(some: Work) -> bool:
    """Whether a statement waits for a lock of another."""
    async with some.database.session(SYSTEM) as session:
        query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool((await session.execute(query)).scalar_one())


async def test_a_later_plan_supersedes_and_whatever_happened_since_stays(some: Work) -> None:
    team = await some.team()
    one, two = await some.visits(2, places=[NIJKERK])
    first = await finished(some, MONDAY, {(team, MONDAY): [one]})
    await publish(some, first)
    second = await finished(some, MONDAY, {(team, MONDAY): [one], (team, later(MONDAY, 1)): [two]})
    await publish(some, second)
    assert (await plan(some, first)).state == PlanState.SUPERSEDED
    with pytest.raises(PlanNotRevertible):
        await revert(some, first)
    await some.change(two, promised_at=datetime.now(UTC))
    with pytest.raises(PlanOutdated):
        await revert(some, second)
    with pytest.raises(PlanNotPublishable):
        await publish(some, second)


async def test_one_plan_is_made_at_a_time_for_the_same_days(some: Work) -> None:
    await some.team()
    tries = await asyncio.gather(*(asked(some, MONDAY) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(made, PlanRunning) for made in tries) == 2
    await asked(some, later(MONDAY, 7))
    async with some.database.session(SYSTEM) as session:
        numbers = list(await session.scalars(select(Plan.number).order_by(Plan.number)))
    assert numbers == [1, 2]


async def test_reasons_and_figures(some: Work) -> None:
    team = await some.team()
    [kept] = await some.visits(places=[NIJKERK], **planned(team, MONDAY))
    [near] = await some.visits(places=[AMERSFOORT])
    [far] = await some.visits(places=[GRONINGEN])
    [skilled] = await some.visits(skills=["EV", "SOLAR"])
    [later_] = await some.visits(material_on=later(MONDAY, 9))
    [nowhere] = await some.visits(latitude=None, longitude=None, pc4=None)
    plan_id = await finished(some, MONDAY, {(team, MONDAY): [kept, near]})
    async with some.database.session(SYSTEM) as session:
        rows = await session.scalars(select(PlanVisit).where(PlanVisit.plan_id == plan_id))
        found = {row.visit_id: row for row in rows}
    assert (found[kept].kept, found[near].kept) == ("TEAM", "NOTHING")
    assert (found[near].neighbours, found[near].in_region) == (1, True)
    assert (found[near].drive_added or 0) > 0
    assert [found[id].rule for id in (skilled, later_, nowhere)] == ["SKILLS", "MATERIAL", "PLACE"]
    assert found[later_].amount == 5
    assert found[far].rule == "VALUE"
    made = await plan(some, plan_id)
    assert (made.jobs, made.placed, made.state) == (6, 2, PlanState.FINISHED)
    assert made.available_minutes == 5 * 480
    assert made.travel_minutes > 0
    assert made.day_versions.keys() == {later(MONDAY, n).isoformat() for n in range(5)}


async def test_old_plans_are_forgotten_but_the_one_in_force(some: Work) -> None:
    team = await some.team()
    [one] = await some.visits()
    published = await finished(some, MONDAY, {(team, MONDAY): [one]})
    await publish(some, published)
    old, young = [await finished(some, MONDAY, {(team, MONDAY): [one]}) for _ in range(2)]
    async with some.database.session(SYSTEM) as session:
        ago = datetime.now(UTC) - timedelta(days=100)
        await session.execute(update(Plan).where(Plan.id.in_([published, old])).values(created_at=ago))
    async with some.database.session(SYSTEM) as session:
        assert await requests.forget_old(session) == 1
        assert set(await session.scalars(select(Plan.id))) == {published, young}
