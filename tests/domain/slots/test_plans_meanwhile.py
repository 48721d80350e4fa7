"""Bookings and plans: what a plan did not see refuses it, what it saw it keeps; both mean the same by a legal day."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.planning.timing import violations
from domain.plans import publishing
from domain.plans.errors import PlanOutdated
from domain.plans.loading import load
from domain.slots import service
from domain.slots.models import SlotHold
from domain.visits.models import DayBlock, Visit
from tenants.actor import SYSTEM
from tests.domain.plans.making import finished
from tests.slotting import desk
from tests.visiting import AMERSFOORT, BARNEVELD, NIJKERK, Work, monday

DAY = monday()
MORNING, AFTERNOON = DayBlock.MORNING, DayBlock.AFTERNOON


@pytest.mark.parametrize("booked", [False, True])
async def test_a_place_taken_meanwhile_refuses_the_plan(some: Work, booked: bool) -> None:
    team = await some.team()
    planned_, comes = await some.visits(2)
    plan_id = await finished(some, DAY, {(team, DAY): [planned_]})
    async with some.database.session(SYSTEM) as session:
        await service.hold(session, desk(some), comes, DAY, MORNING)
        if booked:
            await service.book(session, desk(some), comes, None, None)
    async with some.database.session(SYSTEM) as session:
        with pytest.raises(PlanOutdated):
            await publishing.publish(session, plan_id)
    assert (await some.visit(planned_)).status == "REQUIRED"


async def test_a_plan_that_saw_a_hold_keeps_its_place(some: Work) -> None:
    team = await some.team(max_jobs=2)
    planned_, holds, late = await some.visits(3, places=[NIJKERK])
    async with some.database.session(SYSTEM) as session:
        await service.hold(session, desk(some), holds, DAY, MORNING)
    plan_id = await finished(some, DAY, {(team, DAY): [holds, planned_]})
    async with some.database.session(SYSTEM) as session:
        await publishing.publish(session, plan_id)
    async with some.database.session(SYSTEM) as session:
        assert (await service.book(session, desk(some), late, DAY, AFTERNOON)).refused is not None
        assert (await service.book(session, desk(some), holds, None, None)).id == holds
        assert (await session.scalars(select(SlotHold))).all() == []
    rows = [await some.visit(visit) for visit in (holds, planned_)]
    assert [(row.team_id, row.day, row.status) for row in rows] == [(team, DAY, "PLANNED")] * 2
    assert rows[0].ends_at is not None
    assert rows[1].starts_at is not None
    assert rows[0].ends_at <= rows[1].starts_at


async def test_days_filled_by_bookings_keep_every_rule_of_the_plan(some: Work) -> None:
    """Book until nothing fits any more: the days as a plan reads them break no rule, and their times are its times."""
    for number in range(3):
        await some.team(skills=["EV"] if number else ["EV", "NEN1010"])
    visits = await some.visits(24, places=[NIJKERK, AMERSFOORT, BARNEVELD], minutes=120)
    skilled = await some.visits(4, places=[AMERSFOORT], minutes=150, skills=["NEN1010"])
    async with some.database.session(SYSTEM) as session:
        for number, visit in enumerate([*visits[:14], *skilled, *visits[14:]]):
            day, block = DAY + timedelta(days=number % 2), (MORNING, AFTERNOON)[number // 2 % 2]
            await service.book(session, desk(some), visit, day, block)
    async with some.database.session(SYSTEM) as session:
        found = await load(session, DAY, 2, waiting=False)
        rows = {row.id: row for row in await session.scalars(select(Visit).where(Visit.day.is_not(None)))}
    world = found.world
    booked = 0
    for day in world.team_days:
        jobs = [(job.current.order, number) for number, job in enumerate(world.jobs)
                if job.current and (job.current.team, job.current.day) == (day.team, day.day)]  # fmt: skip
        order = [number for _, number in sorted(jobs)]
        assert violations(world, day, order) == []
        booked += len(order)
        assert [rows[world.jobs[number].id].route_order for number in order] == list(range(len(order)))
    assert 12 <= booked <= 18
    assert {rows[visit].team_id for visit in skilled if visit in rows} == {some.teams[0]}
