"""A disruption from report to repaired plan, in the database: what is written, refused, kept and told."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from api.context import Context, RequestFacts
from domain.days.dispatching import dispatch
from domain.days.models import DispatchedStop
from domain.disruptions import applying, reporting
from domain.disruptions.errors import DisruptionConcluded, DisruptionNotProposed
from domain.disruptions.models import (
    Disruption,
    DisruptionEffect,
    DisruptionKind,
    DisruptionOffer,
    DisruptionState,
    DisruptionVisit,
)
from domain.disruptions.reporting import Report
from domain.errors import DomainError, DomainErrors
from domain.events.models import Event
from domain.jobs.models import Job
from domain.planning.arrival import moment
from domain.plans.errors import PlanOutdated
from domain.slots.cache import boards_of
from domain.slots.models import SlotHold
from domain.teams.models import Absence
from domain.visits.models import Visit
from tenants.actor import SYSTEM, Actor
from tenants.settings import Settings
from tests.asking import SCHEMA, gid
from tests.visiting import GRONINGEN, NIJKERK, Work, monday, planned, promised
from workers.disruptions import repair
from workers.run import Run


async def _reported(some: Work, *teams: UUID, kind: DisruptionKind = DisruptionKind.TEAM_ILL, **values: Any) -> UUID:
    wanted = Report(kind, values.pop("first_day", monday()), team_ids=teams, **values)
    async with some.database.session(SYSTEM) as session:
        made = await reporting.report(session, wanted, entity_id=some.markets[0].entity.id)
        return made.id


async def _repaired(some: Work, settings: Settings, disruption_id: UUID) -> Disruption:
    """What a worker does with the job, and the disruption after it."""
    run = Run(uuid4(), reporting.JOB, reporting.QUEUE, 1, 0, SYSTEM, None, some.database, settings)
    await repair(run, {"disruption_id": str(disruption_id)})
    return await _row(some, disruption_id)


async def _row(some: Work, disruption_id: UUID) -> Disruption:
    async with some.database.session(SYSTEM) as session:
        return (await session.scalars(select(Disruption).where(Disruption.id == disruption_id))).one()


async def _changes(some: Work, disruption_id: UUID) -> dict[UUID, DisruptionVisit]:
    async with some.database.session(SYSTEM) as session:
        rows = await session.scalars(select(DisruptionVisit).where(DisruptionVisit.disruption_id == disruption_id))
        return {row.visit_id: row for row in rows}


async def _offers(some: Work, change: DisruptionVisit) -> list[DisruptionOffer]:
    async with some.database.session(SYSTEM) as session:
        query = select(DisruptionOffer).where(DisruptionOffer.disruption_visit_id == change.id)
        return list(await session.scalars(query.order_by(DisruptionOffer.position)))


async def _apply(some: Work, disruption_id: UUID) -> None:
    async with some.database.session(SYSTEM) as session:
        await applying.apply(session, boards_of(some.database), disruption_id)


async def _told(some: Work, subject: UUID) -> list[str]:
    async with some.database.session(SYSTEM) as session:
        query = select(Event.type).where(Event.subject_id == subject, Event.entity_id == some.markets[0].entity.id)
        return list(await session.scalars(query.order_by(Event.created_at, Event.id)))


async def _holds(some: Work) -> dict[UUID, SlotHold]:
    async with some.database.session(SYSTEM) as session:
        return {hold.visit_id: hold for hold in await session.scalars(select(SlotHold))}


async def test_a_report_writes_the_absence_and_asks_for_the_repair(some: Work) -> None:
    team = await some.team()
    id = await _reported(some, team, last_day=monday() + timedelta(days=1), from_time=time(11, 15, 20), note="griep")
    row = await _row(some, id)
    async with some.database.session(SYSTEM) as session:
        away = (await session.scalars(select(Absence).order_by(Absence.days))).all()
        job = (await session.scalars(select(Job).where(Job.id == row.job_id))).one()
    assert [(each.starts, each.ends, each.reason) for each in away] == [
        (time(11, 15), time(23, 59), "ILL"),
        (None, None, "ILL"),
    ]
    assert row.absence_ids == [each.id for each in away]
    assert (job.name, job.queue, job.arguments) == ("disruptions.repair", "repairs", {"disruption_id": str(id)})
    assert row.state == DisruptionState.REPORTED
    assert await _told(some, id) == ["disruption.reported"]


async def test_promises_go_to_teams_that_work_and_one_click_puts_that_in_force(some: Work, settings: Settings) -> None:
    """Another entity's visit is moved as well; nobody's day or block changes."""
    ill, well = await some.team(), await some.team()
    [first] = await some.visits(**promised(planned(ill, monday())))
    [other] = await some.visits(entity=1, **promised(planned(ill, monday(), at=13 * 60, order=1)))
    [stays] = await some.visits(**promised(planned(well, monday(), at=10 * 60 + 30)))
    id = await _reported(some, ill)
    row = await _repaired(some, settings, id)
    assert (row.state, row.promises, row.promises_kept, row.promises_kept_before) == ("PROPOSED", 3, 3, 1)
    assert (await some.visit(first)).team_id == ill
    await _apply(some, id)
    for visit_id, block in ((first, "MORNING"), (other, "AFTERNOON"), (stays, "MORNING")):
        visit = await some.visit(visit_id)
        assert (visit.team_id, visit.day, visit.block, visit.status) == (well, monday(), block, "PLANNED")
        assert visit.promised_at is not None
    assert await _told(some, first) == ["visit.moved"]
    assert await _told(some, id) == ["disruption.reported", "disruption.proposed", "disruption.applied"]
    with pytest.raises(DisruptionConcluded):
        await _apply(some, id)


async def test_a_promise_that_cannot_be_kept_is_offered_another_place_that_is_held(
    some: Work, settings: Settings
) -> None:
    ill = await some.team()
    [promise] = await some.visits(places=[NIJKERK], **promised(planned(ill, monday())))
    [second] = await some.visits(places=[NIJKERK], **promised(planned(ill, monday(), at=10 * 60, order=1)))
    [told] = await some.visits(places=[GRONINGEN], **planned(ill, monday(), at=13 * 60, order=2))
    id = await _reported(some, ill)
    row = await _repaired(some, settings, id)
    changes = await _changes(some, id)
    assert (row.promises, row.promises_kept, row.left_out) == (2, 0, 1)
    assert {visit: change.change for visit, change in changes.items()} == {
        promise: DisruptionEffect.PROMISE_BROKEN,
        second: DisruptionEffect.PROMISE_BROKEN,
        told: DisruptionEffect.LEFT_OUT,
    }
    offers = {visit: await _offers(some, changes[visit]) for visit in (promise, second)}
    tuesday = monday() + timedelta(days=1)
    assert all(each.day > monday() for found in offers.values() for each in found)
    assert {found[0].day for found in offers.values()} == {tuesday}
    holds = await _holds(some)
    assert {hold.id for hold in holds.values()} == {found[0].hold_id for found in offers.values()}
    await _apply(some, id)
    visit = await some.visit(promise)
    assert (visit.status, visit.day, visit.promised_at, visit.team_id) == ("REQUIRED", None, None, None)
    assert await _told(some, promise) == ["visit.held", "visit.unplanned", "visit.promise_broken"]
    assert await _told(some, told) == ["visit.unplanned"]
    assert all(hold.expires_at > datetime.now(UTC) + timedelta(hours=23) for hold in (await _holds(some)).values())


async def test_a_day_that_has_changed_since_refuses_and_changes_nothing(some: Work, settings: Settings) -> None:
    ill, well = await some.team(), await some.team()
    [visit] = await some.visits(**promised(planned(ill, monday())))
    id = await _reported(some, ill)
    await _repaired(some, settings, id)
    await some.visits(**promised(planned(well, monday(), at=14 * 60)))
    with pytest.raises(PlanOutdated) as refused:
        await _apply(some, id)
    assert refused.value.parameters["days"] == monday().isoformat()
    assert (await some.visit(visit)).team_id == ill
    assert (await _row(some, id)).state == DisruptionState.PROPOSED


async def test_a_discarded_plan_gives_back_what_it_held_and_what_was_reported_stays(
    some: Work, settings: Settings
) -> None:
    ill = await some.team()
    [visit] = await some.visits(**promised(planned(ill, monday())))
    id = await _reported(some, ill)
    await _repaired(some, settings, id)
    assert await _holds(some)
    async with some.database.session(SYSTEM) as session:
        await applying.discard(session, id)
        assert await session.scalar(select(func.count()).select_from(Absence)) == 1
    assert not await _holds(some)
    assert (await some.visit(visit)).team_id == ill
    with pytest.raises(DisruptionConcluded):
        await _apply(some, id)


async def test_before_it_is_repaired_there_is_nothing_to_apply(some: Work) -> None:
    id = await _reported(some, await some.team())
    with pytest.raises(DisruptionNotProposed):
        await _apply(some, id)


async def test_bad_weather_moves_what_is_outdoors_there_and_nothing_else(some: Work, settings: Settings) -> None:
    team = await some.team()
    [outdoors] = await some.visits(places=[NIJKERK], **planned(team, monday()) | {"outdoor": True})
    [indoors] = await some.visits(places=[NIJKERK], **planned(team, monday(), at=10 * 60 + 30, order=1))
    id = await _reported(some, kind=DisruptionKind.WEATHER, postcode_prefixes=["38"])
    await _repaired(some, settings, id)
    changes = await _changes(some, id)
    assert changes[outdoors].change == DisruptionEffect.LEFT_OUT
    assert changes[indoors].change == DisruptionEffect.RETIMED
    elsewhere = await _reported(some, kind=DisruptionKind.WEATHER, postcode_prefixes=["97"])
    await _repaired(some, settings, elsewhere)
    assert outdoors not in await _changes(some, elsewhere)


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"team_ids": ()}, {"DISRUPTION_NEEDS_TEAMS"}),
        ({"kind": DisruptionKind.WEATHER}, {"DISRUPTION_WITHOUT_TEAMS"}),
        ({"kind": DisruptionKind.OVERRUN}, {"OVERRUN_NEEDS_MINUTES"}),
        ({"minutes": 30}, {"OVERRUN_NEEDS_MINUTES"}),
        ({"kind": DisruptionKind.OVERRUN, "minutes": 0}, {"OUT_OF_RANGE"}),
        ({"first_day": date(2020, 1, 1)}, {"OUT_OF_RANGE"}),
        ({"last_day": monday() - timedelta(days=1)}, {"OUT_OF_RANGE"}),
        ({"last_day": monday() + timedelta(days=40), "note": "x" * 501}, {"OUT_OF_RANGE", "TOO_LONG"}),
        (
            {"kind": DisruptionKind.WEATHER, "team_ids": (), "postcode_prefixes": ["0", "38"]},
            {"INVALID_POSTCODE_PREFIX"},
        ),
        ({"team_ids": (uuid4(),)}, {"NOT_FOUND"}),
    ],
)
async def test_every_fault_of_a_report_is_named_and_nothing_is_written(
    some: Work, values: dict[str, Any], codes: set[str]
) -> None:
    given: dict[str, Any] = {
        "kind": DisruptionKind.TEAM_ILL,
        "first_day": monday(),
        "team_ids": (await some.team(),),
    } | values
    with pytest.raises((DomainError, DomainErrors)) as refused:
        async with some.database.session(SYSTEM) as session:
            await reporting.report(session, Report(**given), entity_id=None)
    raised: Any = refused.value
    assert {error.code for error in raised.errors} == codes
    async with some.database.session(SYSTEM) as session:
        written = (
            await session.execute(text("SELECT (SELECT count(*) FROM disruption) + (SELECT count(*) FROM absence)"))
        ).scalar()
    assert written == 0


REPORT = """mutation($input: ReportDisruptionInput!) { reportDisruption(input: $input) {
  disruption { id state kind teams { id } job { state } } userErrors { code field } } }"""
READ = """query($id: ID!) { disruption(id: $id) { state promises promisesKept promisesBroken changed
  changes { totalCount edges { node { change visit { id } team { id } offers { day block heldUntil } } } } } }"""
APPLY = "mutation($id: ID!) { applyDisruptionPlan(id: $id) { disruption { state } userErrors { code } } }"


async def _ask(some: Work, settings: Settings, actor: Actor, document: str, **variables: Any) -> Any:
    """With a key of its own, as one click has."""
    facts = RequestFacts(uuid4().hex, idempotency_key=uuid4().hex)
    context = Context(actor, some.database, settings, facts)
    result = await SCHEMA.execute(document, variable_values=variables, context_value=context)
    assert not result.errors, result.errors
    assert result.data is not None
    [payload] = result.data.values()
    return payload


async def test_over_graphql_each_entity_sees_its_own_changes_and_the_figures_of_all(
    some: Work, settings: Settings
) -> None:
    ill, well = await some.team(), await some.team()
    [own] = await some.visits(**promised(planned(ill, monday())))
    await some.visits(entity=1, **promised(planned(ill, monday(), at=13 * 60, order=1)))
    given = {"kind": "TEAM_ILL", "teamIds": [gid("Team", ill)], "firstDay": monday().isoformat()}
    reported = await _ask(some, settings, some.actor, REPORT, input=given)
    assert reported["userErrors"] == []
    disruption = reported["disruption"]
    assert (disruption["state"], disruption["teams"]) == ("REPORTED", [{"id": gid("Team", ill)}])
    assert disruption["job"] == {"state": "QUEUED"}
    async with some.database.session(SYSTEM) as session:
        id = (await session.scalars(select(Disruption.id))).one()
    await _repaired(some, settings, id)
    shown = await _ask(some, settings, some.actor, READ, id=disruption["id"])
    assert (shown["state"], shown["promises"], shown["promisesKept"], shown["changed"]) == ("PROPOSED", 2, 2, 2)
    [change] = [edge["node"] for edge in shown["changes"]["edges"]]
    assert (change["change"], change["visit"], change["team"]) == (
        "MOVED",
        {"id": gid("Visit", own)},
        {"id": gid("Team", well)},
    )
    others = await _ask(some, settings, some.planners[1], READ, id=disruption["id"])
    assert others["changes"]["totalCount"] == 1
    assert [edge["node"]["visit"]["id"] for edge in others["changes"]["edges"]] != [gid("Visit", own)]
    done = await _ask(some, settings, some.planners[1], APPLY, id=disruption["id"])
    assert done == {"disruption": {"state": "APPLIED"}, "userErrors": []}
    again = await _ask(some, settings, some.actor, APPLY, id=disruption["id"])
    assert again == {"disruption": None, "userErrors": [{"code": "DISRUPTION_CONCLUDED"}]}


async def test_teams_that_have_their_route_are_told_of_the_new_one(some: Work, settings: Settings) -> None:
    """The one that is away has nothing left; the one that takes over is given it."""
    ill, well = await some.team(), await some.team()
    [visit] = await some.visits(**promised(planned(ill, monday())))
    [other] = await some.visits(**promised(planned(well, monday(), at=13 * 60)))
    now = datetime.now(UTC)
    async with some.database.session(SYSTEM) as session:
        for team in (ill, well):
            await dispatch(session, None, team, monday(), now)
    id = await _reported(some, ill)
    await _repaired(some, settings, id)
    await _apply(some, id)
    assert (await some.visit(visit)).team_id == well
    async with some.database.session(SYSTEM) as session:
        stops = (await session.scalars(select(DispatchedStop))).all()
    given = {(stop.team_id, stop.visit_id): stop.withdrawn_at is None for stop in stops}
    assert given == {(ill, visit): False, (well, visit): True, (well, other): True}
    assert (await some.visit(visit)).dispatched_at is not None


async def test_a_place_that_a_customer_holds_moves_with_the_day(some: Work, settings: Settings) -> None:
    ill, well = await some.team(), await some.team()
    [visit] = await some.visits(places=[NIJKERK])
    until = datetime.now(UTC) + timedelta(minutes=10)
    async with some.database.session(SYSTEM) as session:
        row = (
            await session.execute(select(Visit.entity_id, Visit.end_customer_contact_id).where(Visit.id == visit))
        ).one()
        times = {"starts_at": moment(monday(), 495), "ends_at": moment(monday(), 585), "expires_at": until}
        held = {"day": monday(), "block": "MORNING", "team_id": ill, **times}
        session.add(
            SlotHold(
                visit_id=visit, entity_id=row.entity_id, end_customer_contact_id=row.end_customer_contact_id, **held
            )
        )
    id = await _reported(some, ill)
    await _repaired(some, settings, id)
    change = (await _changes(some, id))[visit]
    assert (change.held, change.change, change.team_id) == (True, DisruptionEffect.MOVED, well)
    await _apply(some, id)
    assert {hold.team_id for hold in (await _holds(some)).values()} == {well}
    assert (await some.visit(visit)).status == "REQUIRED"
