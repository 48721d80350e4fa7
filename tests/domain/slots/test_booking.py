"""Places are held, booked, moved, confirmed and given back; a refusal changes nothing and says where there is room."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from domain.errors import NotFound, PermissionDenied
from domain.events.models import Event
from domain.planning.arrival import minutes_of
from domain.planning.timing import Rule
from domain.slots import offering, service
from domain.slots.cache import Boards, boards_of
from domain.slots.errors import (
    HoldNotRenewable,
    NothingHeld,
    SlotFull,
    SlotNotOffered,
    TooLateToChange,
    VisitBookedAlready,
    VisitNotOpen,
    VisitNotPlanned,
)
from domain.slots.models import SlotHold
from domain.slots.offers import Band, Offer
from domain.slots.rules import SlotRules
from domain.slots.service import Desk, Outcome
from domain.teams.models import Team
from domain.teams.planning_days import versions
from domain.visits.models import DayBlock
from tenants.actor import SYSTEM, Actor
from tenants.permissions import Role
from tests.slotting import RULES, desk
from tests.visiting import AMERSFOORT, BARNEVELD, GRONINGEN, NIJKERK, Work, monday, planned, promised

DAY = monday()
MORNING, AFTERNOON = DayBlock.MORNING, DayBlock.AFTERNOON


async def hold(
    some: Work, visit: UUID, day: date = DAY, block: DayBlock = MORNING, actor: Actor | None = None
) -> Outcome:
    async with some.database.session(SYSTEM) as session:
        return await service.hold(session, desk(some, actor), visit, day, block)


async def book(
    some: Work, visit: UUID, day: date | None = DAY, block: DayBlock | None = MORNING, actor: Actor | None = None
) -> Outcome:
    async with some.database.session(SYSTEM) as session:
        return await service.book(session, desk(some, actor), visit, day, block)


async def move(some: Work, visit: UUID, day: date, block: DayBlock = MORNING, actor: Actor | None = None) -> Outcome:
    async with some.database.session(SYSTEM) as session:
        return await service.reschedule(session, desk(some, actor), visit, day, block)


async def offers(some: Work, visit: UUID, rules: SlotRules = RULES) -> dict[tuple[date, DayBlock], Offer]:
    found = await offering.offered(some.database, boards_of(some.database), rules, some.actor, visit)
    assert found is not None
    return {(offer.day, offer.block): offer for offer in found}


async def told(some: Work, visit: UUID) -> Sequence[str]:
    async with some.database.session(SYSTEM) as session:
        query = select(Event.type).where(Event.subject_id == visit).order_by(Event.created_at, Event.id)
        return [type for type in await session.scalars(query) if type != "visit.required"]


async def test_a_booked_place_is_promised_timed_told_and_gone(some: Work) -> None:
    team = await some.team(max_jobs=2)
    visits = await some.visits(3, minutes=180)
    assert (await offers(some, visits[0]))[DAY, MORNING].band is Band.LIMITED
    for visit, block in zip(visits, (MORNING, AFTERNOON), strict=False):
        assert (await book(some, visit, block=block)).id == visit
    first, second = [await some.visit(visit) for visit in visits[:2]]
    assert (first.team_id, first.day, first.block, first.route_order, first.status) == (
        team,
        DAY,
        "MORNING",
        0,
        "PLANNED",
    )
    assert first.promised_at is not None
    assert first.starts_at is not None
    assert second.starts_at is not None
    assert (second.route_order, minutes_of(DAY, second.starts_at)) == (1, 12 * 60)
    assert (first.arrival_from, first.arrival_until) == (None, None), "a window would tell what else the team has"
    assert await told(some, visits[0]) == ["visit.booked"]
    refused = await book(some, visits[2])
    assert isinstance(refused.refused, SlotFull)
    assert refused.slot is not None
    assert {reason.rule for reason in refused.slot.reasons} >= {Rule.JOBS}
    assert [(offer.day, offer.block) for offer in refused.nearest] == nearest_days(DAY)
    assert (await some.visit(visits[2])).day is None
    assert await told(some, visits[2]) == []


def nearest_days(day: date) -> list[tuple[date, DayBlock]]:
    """Before a Monday there is a weekend."""
    after = day + timedelta(days=1)
    return [(after, MORNING), (after, AFTERNOON), (day + timedelta(days=2), MORNING)]


async def test_booking_again_is_no_second_promise(some: Work) -> None:
    await some.team()
    [visit] = await some.visits()
    await book(some, visit)
    assert (await book(some, visit)).id == visit
    with pytest.raises(VisitBookedAlready):
        await book(some, visit, block=AFTERNOON)
    assert await told(some, visit) == ["visit.booked"]


async def test_a_held_place_is_kept_from_others_until_it_runs_out(some: Work) -> None:
    await some.team(max_jobs=1)
    mine, other = await some.visits(2)
    held = await hold(some, mine)
    assert held.id is not None
    assert isinstance((await book(some, other)).refused, SlotFull)
    assert (await offers(some, other))[DAY, AFTERNOON].band is Band.FULL
    assert (await offers(some, mine))[DAY, AFTERNOON].band is not Band.FULL
    await run_out(some, mine)
    assert (await offers(some, other))[DAY, AFTERNOON].band is not Band.FULL
    assert (await book(some, other)).id == other
    with pytest.raises(NothingHeld):
        await book(some, mine, None, None)
    assert isinstance((await book(some, mine)).refused, SlotFull)


async def run_out(some: Work, visit: UUID) -> None:
    async with some.database.session(SYSTEM) as session:
        await session.execute(
            update(SlotHold).where(SlotHold.visit_id == visit).values(expires_at=func.now() - timedelta(seconds=1))
        )


async def test_what_runs_out_needs_no_sweep_to_be_free_and_is_swept(some: Work) -> None:
    """A version that nobody raises: the cache has to know by itself when a hold ends."""
    await some.team(max_jobs=1)
    mine, other = await some.visits(2)
    await hold(some, mine)
    assert (await offers(some, other))[DAY, MORNING].band is Band.FULL
    memory = boards_of(some.database)
    board = memory._days[DAY]
    assert board.until is not None
    later = board.until + timedelta(seconds=1)
    assert memory._missing({DAY: board.version}, later) == [DAY]
    await run_out(some, mine)
    async with some.database.session(SYSTEM) as session:
        assert await service.sweep(session) == 1
        assert await service.sweep(session) == 0


async def test_a_hold_is_prolonged_once_and_moved_at_will(some: Work) -> None:
    await some.team()
    [visit] = await some.visits()
    first = await hold(some, visit)
    again = await hold(some, visit)
    assert first.id == again.id
    with pytest.raises(HoldNotRenewable):
        await hold(some, visit)
    elsewhere = await hold(some, visit, block=AFTERNOON)
    assert elsewhere.id == first.id
    async with some.database.session(SYSTEM) as session:
        held = (await session.scalars(select(SlotHold))).one()
        assert (held.block, held.renewed) == ("AFTERNOON", False)
    assert (await book(some, visit, None, None)).id == visit
    assert (await some.visit(visit)).block == "AFTERNOON"
    async with some.database.session(SYSTEM) as session:
        assert (await session.scalars(select(SlotHold))).all() == []


async def test_a_released_place_is_free_at_once(some: Work) -> None:
    await some.team(max_jobs=1)
    mine, other = await some.visits(2)
    await hold(some, mine)
    async with some.database.session(SYSTEM) as session:
        await service.release(session, desk(some), mine)
        await service.release(session, desk(some), mine)
    assert (await book(some, other)).id == other
    assert await told(some, mine) == ["visit.held", "visit.released"]


async def test_full_by_assignment_alone_is_not_full(some: Work) -> None:
    """Only one team has the skill that the new visit needs, and that team does what the other could do."""
    skilled, plain = await some.team(skills=["EV", "NEN1010"], max_jobs=1), await some.team(max_jobs=1)
    [old] = await some.visits(**promised(planned(skilled, DAY)))
    [new] = await some.visits(skills=["NEN1010"])
    offer = (await offers(some, new))[DAY, MORNING]
    assert (offer.band, offer.reassigned, offer.team_id) == (Band.LIMITED, True, skilled)
    assert (await book(some, new)).id == new
    moved, booked = await some.visit(old), await some.visit(new)
    assert (moved.team_id, moved.day, moved.block, booked.team_id) == (plain, DAY, "MORNING", skilled)
    assert moved.promised_at is not None
    assert await told(some, old) == ["visit.reassigned"]


async def test_whose_visit_is_given_another_team_learns_nothing_of_who_booked(some: Work) -> None:
    skilled, plain = await some.team(skills=["EV", "NEN1010"], max_jobs=1), await some.team(max_jobs=1)
    [old] = await some.visits(**promised(planned(skilled, DAY)))
    [new] = await some.visits(skills=["NEN1010"])
    somebody = replace(SYSTEM, name="Another customer", acts_as=Role.CUSTOMER)
    async with some.database.session(somebody) as session:
        assert (await service.book(session, desk(some), new, DAY, MORNING)).id == new
    async with some.database.session(SYSTEM) as session:
        [event] = await session.scalars(select(Event).where(Event.subject_id == old, Event.type == "visit.reassigned"))
        [own] = await session.scalars(select(Event).where(Event.subject_id == new, Event.type == "visit.booked"))
    assert (event.contact_ids, event.channel_organization_ids, event.team_ids) == ([], [], sorted([skilled, plain]))
    assert (event.actor_name, event.actor_role) == (SYSTEM.name, SYSTEM.role)
    assert own.actor_name == "Another customer"


async def test_a_pinned_or_dispatched_visit_makes_no_room(some: Work) -> None:
    skilled, _ = await some.team(skills=["EV", "NEN1010"], max_jobs=1), await some.team(max_jobs=1)
    next_day = DAY + timedelta(days=1)
    await some.visits(pinned=True, **planned(skilled, DAY))
    await some.visits(dispatched_at=datetime.now().astimezone(), **planned(skilled, next_day))
    [new] = await some.visits(skills=["NEN1010"])
    found = await offers(some, new)
    assert {found[day, block].band for day in (DAY, next_day) for block in (MORNING, AFTERNOON)} == {Band.FULL}


async def test_what_is_asked_of_planners_says_the_rule_and_the_amount(some: Work) -> None:
    await some.team()
    [visit] = await some.visits(places=[AMERSFOORT], material_on=DAY + timedelta(days=2))
    found = await offers(some, visit)
    assert [(reason.rule, reason.amount) for reason in found[DAY, MORNING].reasons] == [(Rule.MATERIAL, 2)]
    weekend = found[DAY + timedelta(days=5), MORNING]
    assert [reason.rule for reason in weekend.reasons] == [Rule.ABSENCE]
    [nowhere] = await some.visits(latitude=None, longitude=None, pc4=None)
    assert {reason.rule for offer in (await offers(some, nowhere)).values() for reason in offer.reasons} == {Rule.PLACE}
    [far] = await some.visits(places=[GRONINGEN])
    [_] = await some.visits(**planned(some.teams[0], DAY))
    [(rule, metres)] = [
        (reason.rule, reason.amount)
        for reason in (await offers(some, far))[DAY, AFTERNOON].reasons
        if reason.rule is Rule.RADIUS
    ]
    assert metres == pytest.approx((132.5 - 30) * 1000, rel=0.02)
    assert rule is Rule.RADIUS


async def test_the_second_visit_of_an_order_follows_the_first(some: Work) -> None:
    await some.team()
    first, second = await some.pair()
    assert {offer.band for offer in (await offers(some, second)).values()} == {Band.FULL}
    await book(some, first)
    found = await offers(some, second)
    assert found[DAY, AFTERNOON].band is Band.FULL
    assert found[DAY + timedelta(days=1), MORNING].band is not Band.FULL
    await book(some, second, DAY + timedelta(days=2))
    found = await offers(some, first)
    assert found[DAY + timedelta(days=1), MORNING].band is not Band.FULL
    assert found[DAY + timedelta(days=2), MORNING].band is Band.FULL
    assert isinstance((await move(some, first, DAY + timedelta(days=3))).refused, SlotFull)


async def test_a_moved_visit_keeps_its_place_until_it_has_another(some: Work) -> None:
    team = await some.team(max_jobs=1)
    mine, other = await some.visits(2)
    next_day = DAY + timedelta(days=1)
    await book(some, mine)
    await book(some, other, next_day)
    assert isinstance((await move(some, mine, next_day)).refused, SlotFull)
    assert (await some.visit(mine)).day == DAY
    assert (await move(some, mine, DAY, AFTERNOON)).id == mine
    moved = await some.visit(mine)
    assert (moved.team_id, moved.day, moved.block, moved.route_order) == (team, DAY, "AFTERNOON", 0)
    assert await told(some, mine) == ["visit.booked", "visit.moved"]
    [waits] = await some.visits()
    with pytest.raises(VisitNotPlanned):
        await move(some, waits, DAY)


async def test_an_announced_visit_is_confirmed_once(some: Work) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY))
    for _ in range(2):
        async with some.database.session(SYSTEM) as session:
            await service.confirm(session, desk(some), visit)
    assert (await some.visit(visit)).promised_at is not None
    assert await told(some, visit) == ["visit.confirmed"]


async def test_a_cancelled_visit_waits_anew_or_is_over(some: Work) -> None:
    team = await some.team()
    customer = some.markets[0].actors["customer"]
    one, other = await some.visits(
        2, **promised(planned(team, DAY)) | {"route_order": None, "starts_at": None, "ends_at": None}
    )
    async with some.database.session(SYSTEM) as session:
        with pytest.raises(PermissionDenied):
            await service.cancel(session, desk(some, customer), one, "Away", call_off=True)
    async with some.database.session(SYSTEM) as session:
        await service.cancel(session, desk(some, customer), one, "Away")
        await service.cancel(session, desk(some), other, "Not needed", call_off=True)
    waits, over = await some.visit(one), await some.visit(other)
    assert (waits.status, waits.day, waits.team_id, waits.promised_at) == ("REQUIRED", None, None, None)
    assert (over.status, over.outcome, over.day) == ("CANCELLED", "CANCELLED", None)
    assert (await told(some, one), await told(some, other)) == (["visit.unplanned"], ["visit.cancelled"])
    with pytest.raises(VisitNotOpen):
        await book(some, other)


async def test_customers_change_in_time_and_staff_later(some: Work) -> None:
    team, customer = await some.team(), some.markets[0].actors["customer"]
    soon = datetime.now().astimezone().date() + timedelta(days=1)
    [visit] = await some.visits(**promised(planned(team, soon)))
    async with some.database.session(SYSTEM) as session:
        with pytest.raises(TooLateToChange):
            await service.cancel(session, desk(some, customer), visit, "Away")
    with pytest.raises(TooLateToChange):
        await move(some, visit, DAY, actor=customer)
    assert (await move(some, visit, DAY)).id == visit


async def test_only_offered_days_are_taken(some: Work) -> None:
    await some.team()
    [visit] = await some.visits()
    for day in (DAY - timedelta(days=90), DAY + timedelta(days=90)):
        with pytest.raises(SlotNotOffered):
            await book(some, visit, day)


async def test_what_an_actor_does_not_see_does_not_exist(some: Work) -> None:
    await some.team()
    ours = some.markets[0]
    [mine] = await some.visits(channel_organization_ids=[ours.dealer.id, ours.master.id])
    for actor in (some.planners[1], some.markets[1].actors["customer"], some.markets[1].actors["dealer"]):
        with pytest.raises(NotFound):
            await book(some, mine, actor=actor)
        with pytest.raises(NotFound):
            await hold(some, mine, actor=actor)
    for name, block in (("customer", MORNING), ("dealer", AFTERNOON), ("master", MORNING)):
        assert (await hold(some, mine, block=block, actor=ours.actors[name])).id


async def test_every_change_raises_the_version_of_its_days(some: Work) -> None:
    await some.team()
    [visit] = await some.visits()
    seen = []
    for change in (hold(some, visit), book(some, visit), move(some, visit, DAY, AFTERNOON)):
        await change
        async with some.database.session(SYSTEM) as session:
            seen.append((await versions(session, [DAY]))[DAY])
    assert seen == sorted(set(seen))


async def test_the_database_itself_refuses_too_many_and_two_at_once(some: Work) -> None:
    team = await some.team(max_jobs=2)
    one, two, three = await some.visits(3, places=[NIJKERK, BARNEVELD, AMERSFOORT])
    await some.change(one, **planned(team, DAY))
    with pytest.raises(IntegrityError, match="two visits at once"):
        await some.change(two, **planned(team, DAY, at=9 * 60, order=1))
    await some.change(two, **planned(team, DAY, at=11 * 60, order=1))
    with pytest.raises(IntegrityError, match="3 visits"):
        await some.change(three, **planned(team, DAY, at=15 * 60, order=2))
    with pytest.raises(IntegrityError, match="route_order"):
        await some.change(two, route_order=0)
    assert (await some.visit(three)).team_id is None
    swapped = (
        "UPDATE visit SET route_order = 1 - route_order, starts_at = starts_at, ends_at = ends_at WHERE team_id = :team"
    )
    async with some.database.session(SYSTEM) as session:
        await session.execute(text(swapped), {"team": team})
    assert (await some.visit(one)).route_order == 1


async def test_nothing_is_remembered_of_a_transaction_that_never_was(some: Work) -> None:
    """Versions are drawn again after a rollback: what another content was read under must not stand for them."""
    await some.team(max_jobs=2)
    one, two, three = await some.visits(3)
    async with some.database.session(SYSTEM) as session:
        await service.book(session, desk(some), one, DAY, MORNING)
        await service.book(session, desk(some), two, DAY, AFTERNOON)
        assert isinstance((await service.book(session, desk(some), three, DAY, MORNING)).refused, SlotFull)
        await session.rollback()
    elsewhere = Desk(some.actor, RULES, Boards(some.database))  # another process, which books another visit
    for visit, block in ((one, MORNING), (three, AFTERNOON)):
        async with some.database.session(SYSTEM) as session:
            assert (await service.book(session, elsewhere, visit, DAY, block)).id == visit
    assert not (await offers(some, two))[DAY, AFTERNOON].free


async def test_a_promise_without_a_team_keeps_its_room(some: Work) -> None:
    """Its team fell out: until it has another one, nobody takes the last place that could be its."""
    gone, stays = await some.team(max_jobs=1), await some.team(max_jobs=1)
    teamless = {"route_order": None, "starts_at": None, "ends_at": None, "team_id": None}
    without, absent = await some.visits(2, **promised(planned(gone, DAY)) | teamless)
    await some.change(absent, day=DAY + timedelta(days=1), team_id=gone)
    async with some.database.session(SYSTEM) as session:
        await session.execute(update(Team).where(Team.id == gone).values(active=False))
    [new] = await some.visits()
    found = await offers(some, new)
    assert {found[DAY + timedelta(days=days), AFTERNOON].band for days in (0, 1)} == {Band.FULL}
    assert found[DAY + timedelta(days=2), AFTERNOON].free
    assert isinstance((await book(some, new)).refused, SlotFull)
    assert (await move(some, without, DAY, AFTERNOON)).id == without
    assert (await some.visit(without)).team_id == stays
