"""What a repair makes of days under way. Pure but for the world, which is read from a database once."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from domain.days.loading import Days
from domain.disruptions.alternatives import EACH, alternatives
from domain.disruptions.models import DisruptionEffect, DisruptionKind
from domain.disruptions.repairing import Repaired, repaired
from domain.disruptions.situation import Upset, situation
from domain.geo.location import Point
from domain.planning.arrival import moment
from domain.planning.timing import violations
from domain.planning.world import Job, Placement, Rules, Team, TeamDay, World
from domain.plans.backlog import Waiting
from domain.visits.models import DayBlock, Visit

MONDAY = date(2031, 3, 3)
NIJKERK = Point(52.2217, 5.4837)
BEFORE = moment(MONDAY - timedelta(days=3), 12 * 60)


class Made:
    """A week of teams at one place, a quarter of an hour apart from everybody."""

    def __init__(self, teams: int = 2, days: int = 5) -> None:
        self.team_ids = tuple(uuid4() for _ in range(teams))
        self.shifts = [TeamDay(team, day, 480, 1020, 0, 0) for team in range(teams) for day in range(days)]
        self.span = tuple(MONDAY + timedelta(days=day) for day in range(days))
        self.waiting: list[Waiting] = []
        self.rows: dict[UUID, Visit] = {}

    def visit(self, team: int, day: int, at: int, order: int = 0, **values: Any) -> UUID:
        """Planned for a team and day, from so many minutes after midnight, for an hour and a half."""
        id = uuid4()
        block = "MORNING" if at < 720 else "AFTERNOON"
        given: dict[str, Any] = {
            "id": id, "entity_id": uuid4(), "order_id": uuid4(), "position": 1, "status": "PLANNED", "minutes": 90,
            "skills": [], "outdoor": False, "latitude": NIJKERK.latitude, "longitude": NIJKERK.longitude,
            "pc4": "3861", "material_on": None, "priority": 0, "promised_at": BEFORE, "pinned": False,
            "team_id": self.team_ids[team], "day": self.span[day], "block": block, "route_order": order,
            "starts_at": moment(self.span[day], at), "dispatched_at": None, "created_at": BEFORE, "on_hold": False,
            "fingerprint": "", "first_id": None, "first_status": None, "first_day": None,
        } | values  # fmt: skip
        names = Waiting.__dataclass_fields__
        self.waiting.append(Waiting(**{name: value for name, value in given.items() if name in names}))
        times = {name: given.get(name) for name in ("en_route_at", "started_at", "finished_at")}
        self.rows[id] = Visit(id=id, day=self.span[day], status=given["status"], **times)
        return id

    @property
    def days(self) -> Days:
        jobs = tuple(self._job(number, each) for number, each in enumerate(self.waiting))
        places = 1 + len(jobs)
        drive = np.full((places, places), 15, np.int32)
        np.fill_diagonal(drive, 0)
        world = World(
            days=self.span,
            places=(NIJKERK,) * places,
            areas=("3861",) * places,
            drive=drive,
            distance=np.zeros((places, places), np.float32),
            jobs=jobs,
            teams=tuple(Team(id, frozenset()) for id in self.team_ids),
            team_days=tuple(self.shifts),
            rules=Rules(),
        )
        return Days(world, drive * 1000, tuple(self.waiting), self.rows, self.team_ids, (0,) * len(self.team_ids))

    def _job(self, number: int, each: Waiting) -> Job:
        assert each.day is not None
        assert each.team_id is not None
        day, team, block = (each.day - MONDAY).days, self.team_ids.index(each.team_id), DayBlock(each.block or "")
        return Job(
            id=each.id,
            place=number + 1,
            pc2="38",
            minutes=each.minutes,
            promise=(day, block) if each.promised or each.status != "PLANNED" else None,
            pin=(team, day) if each.pinned or each.status != "PLANNED" else None,
            current=Placement(team, day, block, each.route_order or 0),
        )

    def without(self, team: int, *days: int) -> None:
        """As the calendar is after the absence of a report."""
        self.shifts = [each for each in self.shifts if (each.team, each.day) not in {(team, day) for day in days}]


def _at(hour: float) -> datetime:
    return moment(MONDAY, round(hour * 60))


def _repair(made: Made, kind: DisruptionKind, *teams: int, now: datetime = BEFORE, **values: Any) -> Repaired:
    ids = frozenset(made.team_ids[team] for team in teams)
    days = values.pop("days", (MONDAY,))
    return repaired(made.days, Upset(kind, days, ids, **values), now, seconds=2)


def _effects(plan: Repaired) -> dict[UUID, str]:
    return {row["visit_id"]: row["change"] for row in plan.visits}


def test_an_overrun_passes_the_next_promise_to_another_team_and_keeps_what_is_in_hand() -> None:
    made = Made()
    in_hand = made.visit(0, 0, 495, status="IN_PROGRESS", started_at=_at(8.25))
    late = made.visit(0, 0, 660, order=1)
    after = made.visit(0, 0, 800, order=2)
    plan = _repair(made, DisruptionKind.OVERRUN, 0, now=_at(9), minutes=180)
    effects = _effects(plan)
    assert in_hand not in effects
    assert effects[late] == DisruptionEffect.MOVED
    moved = next(row for row in plan.visits if row["visit_id"] == late)
    assert (moved["team_id"], moved["block"], moved["route_order"]) == (made.team_ids[1], "MORNING", 0)
    assert moved["starts_at"] >= _at(9.25)
    assert effects.get(after, DisruptionEffect.RETIMED) != DisruptionEffect.PROMISE_BROKEN
    assert (plan.figures["promises"], plan.figures["promises_kept"], plan.figures["promises_kept_before"]) == (2, 2, 1)


def test_an_overrun_that_keeps_the_block_only_delays_its_own_route() -> None:
    made = Made()
    made.visit(0, 0, 495, status="IN_PROGRESS", started_at=_at(8.25))
    own = made.visit(0, 0, 600, order=1)
    other = made.visit(1, 0, 660)
    plan = _repair(made, DisruptionKind.OVERRUN, 0, now=_at(9), minutes=45)
    [row] = plan.visits
    assert (row["visit_id"], row["change"], row["route_order"]) == (own, DisruptionEffect.RETIMED, 1)
    assert row["starts_at"] == moment(MONDAY, 495 + 90 + 45 + 15)
    assert other not in _effects(plan)


def test_a_team_that_has_not_left_yet_overruns_by_leaving_later() -> None:
    made = Made(teams=1)
    made.visit(0, 0, 495)
    plan = _repair(made, DisruptionKind.OVERRUN, 0, minutes=60)
    assert plan.visits[0]["starts_at"] == moment(MONDAY, 480 + 60 + 15)


def test_what_a_team_has_begun_stays_with_it_also_when_it_is_away_from_then_on() -> None:
    made = Made()
    done = made.visit(0, 0, 495, status="DONE", started_at=_at(8.25), finished_at=_at(9.75))
    under_way = made.visit(0, 0, 600, order=1, status="EN_ROUTE", en_route_at=_at(9.8))
    ahead = made.visit(0, 0, 780, order=2)
    made.without(0, 0)
    plan = _repair(made, DisruptionKind.TEAM_ILL, 0, now=_at(10))
    assert set(_effects(plan)) == {ahead}
    assert plan.visits[0]["team_id"] == made.team_ids[1]
    assert plan.figures["visits"] == 1
    assert {done, under_way}.isdisjoint(_effects(plan))


def test_nobody_is_sent_out_before_now() -> None:
    made = Made()
    morning = made.visit(0, 0, 495)
    afternoon = made.visit(0, 0, 780, order=1)
    made.without(0, 0)
    plan = _repair(made, DisruptionKind.VEHICLE, 0, now=_at(12.5))
    effects = _effects(plan)
    assert (effects[morning], effects[afternoon]) == (DisruptionEffect.PROMISE_BROKEN, DisruptionEffect.MOVED)
    row = next(row for row in plan.visits if row["visit_id"] == afternoon)
    assert row["starts_at"] >= _at(12.75)


def test_a_pin_to_a_team_that_is_away_holds_no_longer_and_one_to_another_does() -> None:
    made = Made()
    freed = made.visit(0, 0, 495, pinned=True)
    kept = made.visit(1, 0, 660, pinned=True)
    made.without(0, 0)
    plan = _repair(made, DisruptionKind.TEAM_ILL, 0)
    assert _effects(plan)[freed] == DisruptionEffect.MOVED
    assert kept not in _effects(plan) or _effects(plan)[kept] == DisruptionEffect.RETIMED


def test_each_day_of_an_illness_is_repaired_and_the_others_are_not_looked_at() -> None:
    made = Made()
    first, second = made.visit(0, 0, 495), made.visit(0, 1, 495)
    third = made.visit(0, 2, 495)
    made.without(0, 0, 1)
    plan = _repair(made, DisruptionKind.TEAM_ILL, 0, days=(MONDAY, MONDAY + timedelta(days=1)))
    assert _effects(plan) == {first: DisruptionEffect.MOVED, second: DisruptionEffect.MOVED}
    assert third not in _effects(plan)
    assert [row["day"] for row in plan.visits] == [MONDAY, MONDAY + timedelta(days=1)]


def test_bad_weather_is_where_it_is_said_to_be() -> None:
    made = Made()
    there = made.visit(0, 0, 495, outdoor=True, promised_at=None)
    elsewhere = made.visit(1, 0, 495, outdoor=True, promised_at=None, pc4="9711")
    indoors = made.visit(0, 0, 660, order=1, promised_at=None)
    effects = _effects(_repair(made, DisruptionKind.WEATHER, prefixes=("38", "37")))
    assert effects == {there: DisruptionEffect.LEFT_OUT, indoors: DisruptionEffect.RETIMED} or effects == {
        there: DisruptionEffect.LEFT_OUT
    }
    everywhere = _effects(_repair(made, DisruptionKind.WEATHER))
    assert everywhere[elsewhere] == everywhere[there] == DisruptionEffect.LEFT_OUT


def test_a_visit_of_an_order_that_rests_stays_where_it_is() -> None:
    made = Made()
    resting = made.visit(0, 0, 495, on_hold=True)
    ill = Upset(DisruptionKind.TEAM_ILL, (MONDAY,), frozenset({made.team_ids[1]}))
    given = situation(made.days, ill, MONDAY, BEFORE)
    assert given.world.jobs[0].pin == (0, 0)
    assert resting not in _effects(_repair(made, DisruptionKind.TEAM_ILL, 1))


def test_alternatives_are_near_free_and_nobody_elses() -> None:
    """Two customers, one place a day: the second is not offered what the first was."""
    made = Made(teams=1, days=4)
    first, second = made.visit(0, 0, 495), made.visit(0, 0, 660, order=1)
    made.shifts = [replace(each, most_jobs=1) for each in made.shifts if each.day]
    days = made.days
    plan = _repair(made, DisruptionKind.TEAM_ILL, 0)
    assert set(_effects(plan).values()) == {DisruptionEffect.PROMISE_BROKEN}
    found = alternatives(days, plan, BEFORE)
    by_visit = {days.waiting[job].id: offers for job, offers in found.items()}
    assert [(each.day, each.block) for each in by_visit[first]] == [
        (1, DayBlock.MORNING),
        (1, DayBlock.AFTERNOON),
        (2, DayBlock.MORNING),
    ]
    assert {each.day for each in by_visit[second]} == {2, 3}
    assert all(len(offers) == EACH for offers in by_visit.values())


def test_alternatives_break_no_rule_of_the_calendar_as_it_will_be() -> None:
    made = Made(teams=2, days=3)
    broken = [made.visit(0, 0, at, order=order) for order, at in enumerate((495, 600))]
    made.visit(1, 1, 495, minutes=200)
    made.visit(0, 1, 780, promised_at=None)
    made.without(0, 0)
    made.without(1, 0)
    days, plan = made.days, _repair(made, DisruptionKind.TEAM_ILL, 0, 1)
    found = alternatives(days, plan, BEFORE)
    assert {days.waiting[job].id for job in found} == set(broken)
    for job, offers in found.items():
        for offer in offers:
            shift = next(each for each in days.world.team_days if (each.team, each.day) == (offer.team, offer.day))
            held = days.jobs_of(days.team_ids[offer.team], days.world.days[offer.day])
            tried = replace(days.world.jobs[job], promise=(offer.day, offer.block))
            world = replace(days.world, jobs=(*days.world.jobs[:job], tried, *days.world.jobs[job + 1 :]))
            orders = ([*held[:at], job, *held[at:]] for at in range(len(held) + 1))
            assert any(not violations(world, shift, order) for order in orders)
            assert offer.starts_at < offer.ends_at


def test_without_a_place_for_weeks_there_is_no_alternative() -> None:
    made = Made(teams=1, days=1)
    made.visit(0, 0, 495)
    made.without(0, 0)
    plan = _repair(made, DisruptionKind.TEAM_ILL, 0)
    assert alternatives(made.days, plan, BEFORE) == {0: []}
    assert plan.figures["promises_kept"] == 0
