"""Moving visits by hand: what it would mean, that it keeps the rules, and taking it back."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from domain.days import moves, pins, undoing
from domain.days.errors import (
    BeingBooked,
    BreaksRule,
    DayChanged,
    DayIsOver,
    NothingToUndo,
    NotMovable,
    NotPlanned,
    PromiseToCustomer,
    VisitPinnedDown,
)
from domain.days.loading import Drives, apart
from domain.days.moves import Effects
from domain.days.weighing import Wish
from domain.errors import DomainError, DomainErrors
from domain.planning.arrival import moment
from domain.planning.timing import Rule
from domain.slots.models import SlotHold
from domain.teams.models import Team
from domain.travel.matrix import Travel
from domain.visits.models import DayBlock, Visit
from tenants.actor import SYSTEM
from tests.domain.days.telling import events, told
from tests.visiting import AMERSFOORT, BARNEVELD, GRONINGEN, NIJKERK, Work, monday, planned, promised

DAY = monday()
NEXT = DAY + timedelta(days=1)
NOW = moment(DAY, 0) - timedelta(days=2)


def everything(_: Visit) -> bool:
    return True


async def drives(some: Work, travel: Travel, teams: list[UUID]) -> Drives:
    return (await apart(some.database, travel, teams, DAY, NEXT))[1]


async def move(some: Work, travel: Travel, visit: UUID, team: UUID | None, day: date = NEXT, **values: Any) -> Effects:
    wish = Wish(visit, None if team is None else (team, day), **values)
    row = await some.visit(visit)
    known = await moves.drives_for(some.database, travel, row, wish)
    async with some.database.session(SYSTEM) as session:
        return await moves.move(session, known, wish, (row.team_id, row.day), everything, NOW)


async def preview(some: Work, travel: Travel, visit: UUID, team: UUID | None, **values: Any) -> Effects:
    wish = Wish(visit, None if team is None else (team, values.pop("day", NEXT)), **values)
    return await moves.preview(some.database, travel, wish, everything, NOW)


async def route(some: Work, *visits: UUID) -> list[tuple[Any, ...]]:
    rows = [await some.visit(visit) for visit in visits]
    return [(row.team_id, row.day, row.block, row.route_order) for row in rows]


async def test_a_preview_says_what_it_would_mean_for_both_days_and_changes_nothing(some: Work, travel: Travel) -> None:
    one, other = await some.team(), await some.team()
    [stays] = await some.visits(**planned(one, DAY), places=[NIJKERK])
    [moved] = await some.visits(**planned(one, DAY, at=640, order=1), places=[AMERSFOORT])
    [there] = await some.visits(entity=1, **planned(other, NEXT), places=[BARNEVELD])
    before = await route(some, stays, moved, there)
    effects = await preview(some, travel, moved, other, position=0)
    assert await route(some, stays, moved, there) == before
    assert effects.allowed
    assert not effects.releases_promise
    left, got = effects.days
    assert [stop.visit_id for stop in left.after.stops] == [stays]
    assert left.after.drive_minutes < left.before.drive_minutes
    assert [stop.visit_id for stop in got.after.stops] == [moved, there]
    assert got.after.work_minutes == 180


async def test_a_preview_names_the_customers_for_whom_the_team_comes_at_another_time(
    some: Work, travel: Travel
) -> None:
    team = await some.team()
    [told] = await some.visits(**promised(planned(team, NEXT)), places=[NIJKERK])
    [moved] = await some.visits(places=[NIJKERK])
    [effect] = (await preview(some, travel, moved, team, position=0)).days
    [touched] = effect.touched
    assert touched.visit_id == told
    assert touched.minutes >= 90
    assert not (await preview(some, travel, moved, team, position=1)).days[0].touched


async def test_what_speaks_against_a_move_does_not_locate_others(some: Work, travel: Travel) -> None:
    team = await some.team()
    await some.visits(entity=1, **planned(team, NEXT), places=[GRONINGEN])
    [moved] = await some.visits(places=[NIJKERK])

    def own(visit: Visit) -> bool:
        return visit.entity_id == some.markets[0].entity.id

    wish = Wish(moved, (team, NEXT))
    [effect] = (await moves.preview(some.database, travel, wish, own, NOW)).days
    [exact] = [each for each in (await preview(some, travel, moved, team)).days[0].broken if each.rule is Rule.RADIUS]
    [said] = [each for each in effect.broken if each.rule is Rule.RADIUS]
    assert exact.amount % 5_000
    assert said.amount == -(-exact.amount // 5_000) * 5_000
    known = await moves.drives_for(some.database, travel, await some.visit(moved), wish)
    with pytest.raises((BreaksRule, DomainErrors)) as refused:
        async with some.database.session(SYSTEM) as session:
            await moves.move(session, known, wish, (None, None), own, NOW)
    found = refused.value.errors if isinstance(refused.value, DomainErrors) else [refused.value]
    words = " ".join(each.message("en") for each in found)
    assert f"{said.amount} metres" in words
    assert str(exact.amount) not in words


async def test_a_move_rewrites_order_and_times_of_both_days(some: Work, travel: Travel) -> None:
    one, other = await some.team(), await some.team()
    [moved] = await some.visits(**planned(one, DAY), places=[NIJKERK])
    [stays] = await some.visits(**planned(one, DAY, at=640, order=1), places=[AMERSFOORT])
    [there] = await some.visits(**planned(other, NEXT), places=[BARNEVELD])
    await move(some, travel, moved, other, position=1)
    assert await route(some, stays, there, moved) == [
        (one, DAY, "MORNING", 0),
        (other, NEXT, "MORNING", 0),
        (other, NEXT, "MORNING", 1),
    ]
    rows = [await some.visit(each) for each in (there, moved)]
    assert rows[0].ends_at is not None
    assert rows[1].starts_at is not None
    assert rows[0].ends_at < rows[1].starts_at
    [(type_, payload)] = await events(some, moved)
    assert type_ == "visit.moved"
    assert (payload["from_day"], payload["day"]) == (DAY.isoformat(), NEXT.isoformat())


async def test_a_visit_comes_from_the_backlog_and_goes_back_to_it(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits()
    await move(some, travel, visit, team)
    assert await route(some, visit) == [(team, NEXT, "MORNING", 0)]
    await move(some, travel, visit, None)
    assert (await some.visit(visit)).status == "REQUIRED"
    assert await told(some, visit) == ["visit.planned", "visit.unplanned"]
    with pytest.raises(NotPlanned):
        await move(some, travel, visit, None)


@pytest.mark.parametrize(
    ("values", "team", "rule"),
    [
        ({"places": [GRONINGEN]}, {}, Rule.RADIUS),
        ({"skills": ["HV"]}, {}, Rule.SKILLS),
        ({"minutes": 400}, {}, Rule.WORKLOAD),
        ({"material_on": NEXT + timedelta(days=3)}, {}, Rule.MATERIAL),
        ({}, {"max_jobs": 1}, Rule.JOBS),
        ({"latitude": None, "longitude": None, "pc4": None}, {}, Rule.PLACE),
    ],
)
async def test_hard_rules_hold(
    some: Work, travel: Travel, values: dict[str, Any], team: dict[str, Any], rule: Rule
) -> None:
    target = await some.team(**team)
    await some.visits(**planned(target, NEXT), places=[NIJKERK])
    [visit] = await some.visits(**values)
    if values.get("pc4", "") is None:
        await some.change(visit, latitude=None, longitude=None, pc4=None)
        with pytest.raises(BreaksRule):
            await move(some, travel, visit, target)
        return
    effects = await preview(some, travel, visit, target)
    assert rule in {warning.rule for effect in effects.days for warning in effect.broken}
    with pytest.raises((BreaksRule, DomainErrors)):
        await move(some, travel, visit, target)
    assert (await some.visit(visit)).status == "REQUIRED"


async def test_what_is_broken_already_does_not_stop_a_move_that_mends_it(some: Work, travel: Travel) -> None:
    one, other = await some.team(max_jobs=3), await some.team()
    visits = await some.visits(3, places=[NIJKERK])
    for number, each in enumerate(visits):
        await some.change(each, **planned(one, DAY, at=490 + 120 * number, order=number))
    async with some.database.session(SYSTEM) as session:
        await session.execute(update(Team).where(Team.id == one).values(max_jobs=1))
    assert (await move(some, travel, visits[0], other)).allowed


async def test_a_promise_gives_way_to_express_consent_only(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits(**promised(planned(team, DAY)))
    assert (await preview(some, travel, visit, team)).releases_promise
    with pytest.raises(PromiseToCustomer):
        await move(some, travel, visit, team)
    assert (await some.visit(visit)).promised_at is not None
    await move(some, travel, visit, team, release=True)
    row = await some.visit(visit)
    assert (row.day, row.promised_at) == (NEXT, None)
    assert await told(some, visit) == ["visit.moved", "visit.promise_released"]


async def test_a_new_time_that_was_agreed_is_promised(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits(**promised(planned(team, DAY)))
    await move(some, travel, visit, team, release=True, agreed=True, block=DayBlock.AFTERNOON)
    row = await some.visit(visit)
    assert (row.day, row.block, row.promised_at) == (NEXT, "AFTERNOON", NOW)
    assert row.starts_at is not None
    assert row.starts_at >= moment(NEXT, 12 * 60)


async def test_another_team_or_place_of_the_same_part_of_the_day_keeps_the_promise(some: Work, travel: Travel) -> None:
    one, other = await some.team(), await some.team()
    [visit] = await some.visits(**promised(planned(one, DAY, at=760)))
    await move(some, travel, visit, other, DAY)
    row = await some.visit(visit)
    assert (row.team_id, row.block, row.promised_at is None) == (other, "AFTERNOON", False)


async def test_visits_of_an_order_keep_their_order(some: Work, travel: Travel) -> None:
    team = await some.team()
    first, second = await some.pair()
    await some.change(second, **planned(team, NEXT))
    with pytest.raises(BreaksRule):
        await move(some, travel, first, team, NEXT + timedelta(days=1))
    await move(some, travel, first, team, DAY)
    with pytest.raises(BreaksRule):
        await move(some, travel, second, team, DAY)


async def test_what_cannot_be_moved(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY))
    with pytest.raises(DayIsOver):
        await move(some, travel, visit, team, DAY - timedelta(days=7))
    async with some.database.session(some.actor) as session:
        await pins.pin(session, visit, pinned=True)
    with pytest.raises(VisitPinnedDown):
        await move(some, travel, visit, team)
    async with some.database.session(some.actor) as session:
        await pins.pin(session, visit, pinned=False)
    await some.change(visit, status="IN_PROGRESS", started_at=moment(DAY, 500))
    with pytest.raises(NotMovable):
        await move(some, travel, visit, team)
    assert await told(some, visit) == ["visit.pinned", "visit.unpinned"]


async def test_a_move_is_taken_back_as_long_as_its_days_are_the_same(some: Work, travel: Travel) -> None:
    one, other = await some.team(), await some.team()
    [visit] = await some.visits(**promised(planned(one, DAY)))
    [there] = await some.visits(**planned(other, NEXT))
    before = [(await some.visit(each)).starts_at for each in (visit, there)], await route(some, visit, there)
    await move(some, travel, visit, other, release=True, position=0)
    await undo(some, visit)
    after = [(await some.visit(each)).starts_at for each in (visit, there)], await route(some, visit, there)
    assert after == before
    assert (await some.visit(visit)).promised_at is not None
    with pytest.raises(NothingToUndo):
        await undo(some, visit)
    await move(some, travel, visit, other, release=True)
    await some.visits(**planned(one, DAY))
    with pytest.raises(DayChanged):
        await undo(some, visit)


async def undo(some: Work, visit: UUID) -> None:
    async with some.database.session(SYSTEM) as session:
        await undoing.undo(session, visit, NOW)


async def held(some: Work, visit: UUID, team: UUID, at: int = 8 * 60 + 30) -> None:
    """The visit's customer holds the morning of the next day."""
    row = await some.visit(visit)
    of = {"visit_id": visit, "entity_id": row.entity_id, "end_customer_contact_id": row.end_customer_contact_id}
    times = {"starts_at": moment(NEXT, at), "ends_at": moment(NEXT, at + 90)}
    expires = datetime.now().astimezone() + timedelta(minutes=10)
    async with some.database.session(SYSTEM) as session:
        session.add(SlotHold(**of, team_id=team, day=NEXT, block="MORNING", expires_at=expires, **times))


async def test_a_place_that_is_held_makes_way_within_its_part_of_the_day(some: Work, travel: Travel) -> None:
    team = await some.team()
    [chosen] = await some.visits(entity=1, places=[NIJKERK])
    [visit] = await some.visits(places=[NIJKERK])
    await held(some, chosen, team)
    await move(some, travel, visit, team, position=0)
    async with some.database.session(SYSTEM) as session:
        hold = (await session.scalars(select(SlotHold).where(SlotHold.visit_id == chosen))).one()
    row = await some.visit(visit)
    assert row.ends_at is not None
    assert row.ends_at <= hold.starts_at < moment(NEXT, 12 * 60)
    await undo(some, visit)
    async with some.database.session(SYSTEM) as session:
        hold = (await session.scalars(select(SlotHold).where(SlotHold.visit_id == chosen))).one()
    assert hold.starts_at == moment(NEXT, 8 * 60 + 30)


async def test_a_visit_that_its_customer_is_booking_stays(some: Work, travel: Travel) -> None:
    team = await some.team()
    [visit] = await some.visits()
    await held(some, visit, team)
    with pytest.raises(BeingBooked):
        await move(some, travel, visit, team)


async def test_two_planners_drag_the_same_visit_at_once(some: Work, travel: Travel) -> None:
    one, other = await some.team(), await some.team()
    [visit] = await some.visits(**planned(one, DAY))
    seen = [await _seen(some, travel, visit, team, day) for team, day in ((other, DAY), (one, NEXT), (other, NEXT))]
    outcomes = await asyncio.gather(*(_try(some, *each) for each in seen))
    assert sorted(outcomes) == ["DAY_CHANGED", "DAY_CHANGED", "moved"]
    assert (await told(some, visit)).count("visit.moved") == 1


async def test_two_planners_fill_the_last_place_of_a_team_at_once(some: Work, travel: Travel) -> None:
    team = await some.team(max_jobs=1)
    visits = await some.visits(2)
    seen = [await _seen(some, travel, visit, team, NEXT) for visit in visits]
    outcomes = await asyncio.gather(*(_try(some, *each) for each in seen))
    assert sorted(outcomes) == ["BREAKS_RULE", "moved"]


async def _seen(some: Work, travel: Travel, visit: UUID, team: UUID, day: date) -> tuple[Any, Wish, Any]:
    """What a planner has before it lets go of the visit: drives, where it shall be, where it was."""
    row, wish = await some.visit(visit), Wish(visit, (team, day))
    return await moves.drives_for(some.database, travel, row, wish), wish, (row.team_id, row.day)


async def _try(some: Work, known: Any, wish: Wish, before: Any) -> str:
    try:
        async with some.database.session(SYSTEM) as session:
            await moves.move(session, known, wish, before, everything, NOW)
    except (DomainError, DomainErrors) as refused:
        return refused.errors[0].code
    return "moved"
