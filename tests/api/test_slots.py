"""Offers and bookings through GraphQL, and what customers and partners do not learn of them."""

import time
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from api.context import Context, RequestFacts
from api.lane import Lane
from api.pacing import till_the_next_step
from domain.events.models import Event
from domain.slots.models import SlotHold
from domain.teams.models import Team
from domain.visits.models import Visit
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database, role_password
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, codes, gid
from tests.both_lanes import in_both
from tests.visiting import GRONINGEN, NIJKERK, Work, monday, planned, work

DAY = monday()
SLOT = "day block band ... on PlannedSlotOffer { places teamId teamName driveMinutes reassigns rules { rule amount } }"
OFFERS = f"query ($id: ID!, $first: Int! = 84) {{ slotOffers(visitId: $id, first: $first) {{ __typename {SLOT} }} }}"
_REFUSAL = f"userErrors {{ code field message }} slot {{ __typename {SLOT} }} nearest {{ __typename {SLOT} }}"
HOLD = f"mutation ($in: SlotInput!) {{ holdSlot(input: $in) {{ hold {{ day block renewed }} {_REFUSAL} }} }}"
BOOK = f"mutation ($in: BookVisitInput!) {{ bookVisit(input: $in) {{ visit {{ id day block status }} {_REFUSAL} }} }}"
MOVE = f"mutation ($in: SlotInput!) {{ rescheduleVisit(input: $in) {{ visit {{ day block }} {_REFUSAL} }} }}"
CANCEL = """mutation ($id: ID!, $off: Boolean! = false) {
  cancelVisit(visitId: $id, reason: "Away", callOff: $off) { visit { status day } userErrors { code field } } }"""
CONFIRM = "mutation ($id: ID!) { confirmVisit(visitId: $id) { visit { day } userErrors { code field } } }"
RELEASE = "mutation ($id: ID!) { releaseSlot(visitId: $id) { visit { id } userErrors { code field } } }"


@pytest.fixture(scope="module")
async def story(story_database: str, settings: Settings) -> AsyncIterator[Work]:
    database = Database(story_database, role_password(settings))
    yield await work(database)
    await database.close()


@pytest.fixture
async def some(story: Work) -> Work:
    async with story.database.session(SYSTEM) as session:
        await session.execute(delete(SlotHold))
        await session.execute(update(Visit).values(status="CANCELLED", outcome="CANCELLED"))
        await session.execute(update(Team).values(active=False))
    story.teams.clear()
    return story


@pytest.fixture
def wide(settings: Settings) -> Settings:
    """Six weeks, so that the Monday of the tests is among them."""
    return settings.model_copy(update={"slot_horizon_days": 42})


def as_(some: Work, wide: Settings, name: str) -> Asker:
    actor: Actor = some.planners[0] if name == "planner" else some.markets[0].actors[name]
    return Asker(some.database, wide, actor)


async def ours(some: Work, count: int = 1, **values: Any) -> list[UUID]:
    market = some.markets[0]
    return await some.visits(count, channel_organization_ids=[market.dealer.id, market.master.id], **values)


def asked(visit: UUID, block: str = "MORNING", day: date = DAY) -> dict[str, Any]:
    return {"visitId": gid("Visit", visit), "day": day.isoformat(), "block": block}


async def test_a_customer_holds_and_books_what_is_offered(some: Work, wide: Settings) -> None:
    await some.team(max_jobs=1)
    mine, other = await ours(some, 2)
    customer, dealer = as_(some, wide, "customer"), as_(some, wide, "dealer")
    found = (await customer.ask(OFFERS, id=gid("Visit", mine)))["slotOffers"]
    assert {offer["__typename"] for offer in found} == {"BandedSlotOffer"}
    assert {tuple(offer) for offer in found} == {("__typename", "day", "block", "band")}
    assert [offer["block"] for offer in found[:2]] == ["MORNING", "AFTERNOON"]
    monday_ = [offer["band"] for offer in found if offer["day"] == DAY.isoformat()]
    assert monday_ == ["LIMITED", "LIMITED"]
    held = (await customer.ask(HOLD, **{"in": asked(mine)}))["holdSlot"]
    assert (held["hold"]["renewed"], held["userErrors"]) == (False, [])
    refused = (await dealer.ask(HOLD, **{"in": asked(other)}))["holdSlot"]
    assert (refused["hold"], codes(refused)) == (None, [("SLOT_FULL", ["day"])])
    assert refused["slot"] == {"__typename": "BandedSlotOffer", "day": DAY.isoformat(), "block": "MORNING",
                               "band": "FULL"}  # fmt: skip
    assert [offer["band"] for offer in refused["nearest"]] == ["LIMITED"] * 3
    await booked(customer, {"visitId": gid("Visit", mine)})
    assert (await customer.ask(CONFIRM, id=gid("Visit", mine)))["confirmVisit"]["userErrors"] == []


async def booked(asker: Asker, wanted: dict[str, Any], expected: list[str] | None = None) -> Any:
    """Booked, or refused with these codes."""
    answer = (await asker.ask(BOOK, **{"in": wanted}))["bookVisit"]
    assert [error["code"] for error in answer["userErrors"]] == (expected or []), answer
    return answer


async def test_planners_are_told_the_rule_and_its_amount(some: Work, wide: Settings) -> None:
    team = await some.team(max_jobs=1)
    await some.visits(entity=1, pinned=True, **planned(team, DAY))
    [visit] = await ours(some)
    planner = as_(some, wide, "planner")
    found = (await planner.ask(OFFERS, id=gid("Visit", visit)))["slotOffers"]
    full = next(offer for offer in found if offer["day"] == DAY.isoformat())
    assert (full["__typename"], full["band"], full["places"], full["driveMinutes"]) == (
        "PlannedSlotOffer",
        "FULL",
        0,
        None,
    )
    assert full["teamId"] == gid("Team", team)
    assert {"rule": "JOBS", "amount": 1} in full["rules"]
    free = next(offer for offer in found if offer["band"] == "LIMITED")
    assert (free["places"], free["rules"], free["driveMinutes"]) == (1, [], 0)


async def test_what_is_not_ones_own_does_not_exist(some: Work, wide: Settings) -> None:
    await some.team()
    [theirs] = await some.visits(entity=1)
    for name in ("customer", "dealer", "planner"):
        asker = as_(some, wide, name)
        assert (await asker.ask(OFFERS, id=gid("Visit", theirs)))["slotOffers"] is None
        for document, field in ((HOLD, "holdSlot"), (MOVE, "rescheduleVisit")):
            answer = (await asker.ask(document, **{"in": asked(theirs)}))[field]
            assert codes(answer) == [("NOT_FOUND", ["visitId"])]
        for document, field in ((CONFIRM, "confirmVisit"), (RELEASE, "releaseSlot"), (CANCEL, "cancelVisit")):
            answer = (await asker.ask(document, id=gid("Visit", theirs)))[field]
            assert codes(answer) == [("NOT_FOUND", ["visitId"])]


async def test_a_customer_cannot_tell_one_place_from_five(some: Work, wide: Settings) -> None:
    """The same answers, to the byte, from a team with room for one and from teams with room for five."""
    [visit] = await ours(some, places=[NIJKERK])
    seen = []
    for rooms in ((1,), (2, 3)):
        async with some.database.session(SYSTEM) as session:
            await session.execute(update(Team).values(active=False))
        for room in rooms:
            await some.team(max_jobs=room)
        seen.append(await everything(as_(some, wide, "customer"), visit))
        seen.append(await everything(as_(some, wide, "dealer"), visit))
    assert seen[0] == seen[1] == seen[2] == seen[3]


async def everything(asker: Asker, visit: UUID) -> list[Any]:
    """All slots, and what holding, booking too soon and giving back answer, without ids and times of their own."""
    id, answers = gid("Visit", visit), []
    for first in (1, 7, 84):
        answers.append(await asker.ask(OFFERS, id=id, first=first))
    for block in ("MORNING", "AFTERNOON"):
        held = (await asker.ask(HOLD, **{"in": asked(visit, block)}))["holdSlot"]
        answers.append([held["userErrors"], held["slot"], held["nearest"], held["hold"]["block"]])
        answers.append(await asker.ask(OFFERS, id=id))
    answers.append((await asker.ask(HOLD, **{"in": asked(visit, day=date(2020, 1, 1))}))["holdSlot"])
    answers.append(await asker.ask(RELEASE, id=id))
    return answers


async def test_a_full_slot_is_refused_alike_whatever_fills_it(some: Work, wide: Settings) -> None:
    """By distance, by skill, by work or by number: the same code, fields, bands and sizes."""
    kinds: list[dict[str, Any]] = [{"max_jobs": 1}, {"skills": []}, {"max_minutes": 30}]
    answers = []
    for full in kinds:
        async with some.database.session(SYSTEM) as session:
            await session.execute(update(Visit).values(status="CANCELLED", outcome="CANCELLED"))
            await session.execute(update(Team).values(active=False))
        team = await some.team(**full)
        if "max_jobs" in full:
            await some.visits(entity=1, places=[GRONINGEN], pinned=True, **planned(team, DAY))
        [visit] = await ours(some)
        answer = (await as_(some, wide, "customer").ask(HOLD, **{"in": asked(visit)}))["holdSlot"]
        answers.append((answer["userErrors"], answer["slot"]))
    assert answers[0] == answers[1] == answers[2]


async def test_answers_to_customers_leave_at_whole_steps(some: Work, wide: Settings) -> None:
    """How long the work took is not seen but in steps, so that a search behind a slot tells nothing."""
    await some.team()
    [visit] = await ours(some)
    customer = as_(some, wide, "customer")
    began = time.monotonic()
    await till_the_next_step(began - 0.004, 0.01)
    assert 0.004 <= time.monotonic() - began < 0.05
    began = time.monotonic()
    await customer.ask(OFFERS, id=gid("Visit", visit))
    assert time.monotonic() - began >= 0.01
    began = time.monotonic()
    await customer.ask(HOLD, **{"in": asked(visit)})
    assert time.monotonic() - began >= 0.25


async def test_who_may_book(some: Work, wide: Settings) -> None:
    await some.team()
    [visit] = await ours(some)
    async with some.database.session(SYSTEM) as session:
        finance = await factories.actor_with(session, Role.FINANCE, some.markets[0].entity)
    asker = Asker(some.database, wide, finance)
    assert await asker.error(OFFERS, id=gid("Visit", visit)) == "FORBIDDEN"
    assert await asker.error(HOLD, **{"in": asked(visit)}) == "FORBIDDEN"


async def test_only_staff_call_off_and_all_is_told(some: Work, wide: Settings) -> None:
    await some.team()
    [visit] = await ours(some)
    customer, planner = as_(some, wide, "customer"), as_(some, wide, "planner")
    await customer.ask(HOLD, **{"in": asked(visit)})
    assert codes((await customer.ask(MOVE, **{"in": asked(visit)}))["rescheduleVisit"]) == [
        ("VISIT_NOT_PLANNED", ["visitId"])
    ]
    refused = (await customer.ask(CANCEL, id=gid("Visit", visit), off=True))["cancelVisit"]
    assert codes(refused) == [("PERMISSION_DENIED", ["callOff"])]
    over = (await planner.ask(CANCEL, id=gid("Visit", visit), off=True))["cancelVisit"]
    assert (over["visit"], over["userErrors"]) == ({"status": "CANCELLED", "day": None}, [])
    async with some.database.session(some.markets[0].actors["customer"]) as session:
        types = select(Event.type).where(Event.subject_id == visit).order_by(Event.created_at, Event.id)
        assert list(await session.scalars(types)) == ["visit.cancelled"]


async def test_offers_are_the_same_over_both_lanes(some: Work, wide: Settings) -> None:
    """Completed at once, or by graphql-core: aliases, fragments, directives and names of types included."""
    await some.team(max_jobs=2)
    [visit] = await ours(some, material_on=monday())
    document = """query ($id: ID!, $no: Boolean!) {
      a: slotOffers(visitId: $id, first: 40) { when: day ...Some rank: band @skip(if: $no) }
      b: slotOffers(visitId: $id, first: 3) { __typename ... on BandedSlotOffer { day } ...Some }
      c: slotOffers(visitId: $id, first: 0) { day }
      __typename }
      fragment Some on SlotOffer { block block
        ... on PlannedSlotOffer { kind: __typename why: rules { rule ...By } teamId driveMinutes reassigns } }
      fragment By on BlockingRule { by: amount __typename }"""
    lane = Lane(SCHEMA)
    for name in ("planner", "customer", "dealer"):
        asker = as_(some, wide, name)

        def context(asker: Asker = asker) -> Context:
            return Context(asker.actor, asker.database, asker.settings, RequestFacts("slots"))

        at_once, walked = await in_both(lane, SCHEMA, context, document, {"id": gid("Visit", visit), "no": True})
        assert at_once == walked
        assert at_once.data is not None
        assert (b'"teamId"' in at_once.data) is (name == "planner")
        assert at_once.data.count(b'"when"') == 40
