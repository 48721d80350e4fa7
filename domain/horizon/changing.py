"""Worlds that are not: with a team more, other hours, another radius, an absence, more work. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, time
from itertools import cycle, islice
from typing import Any
from uuid import UUID, uuid5

from domain.planning.world import Job, TeamDay, World

_NAMES = UUID("6f1a5b2e-3c5d-4f0e-9a57-0d7f2f6b9c11")
"""Under which ids of teams and visits are made that exist in no database."""


@dataclass(frozen=True, slots=True)
class MoreTeams:
    """So many teams like one that there is: base, skills, regions, hours."""

    like: UUID
    count: int = 1


@dataclass(frozen=True, slots=True)
class OtherHours:
    """On every day that it works; `team_id` None: every team."""

    starts: time
    ends: time
    team_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AwayTeam:
    team_id: UUID
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class MoreJobs:
    """So much more work, where the waiting visits of who asks are: of them all, or of postcodes that begin so."""

    count: int
    minutes: int | None = None
    skills: tuple[str, ...] | None = None
    """None: as the visit has them that it is a copy of; so for minutes."""
    postcode_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    more_teams: tuple[MoreTeams, ...] = ()
    without_teams: tuple[UUID, ...] = ()
    hours: tuple[OtherHours, ...] = ()
    radius_km: float | None = None
    max_jobs: int | None = None
    """Visits per team and day, of all teams."""
    absences: tuple[AwayTeam, ...] = ()
    more_jobs: tuple[MoreJobs, ...] = ()

    def __bool__(self) -> bool:
        return self != Changes()

    @property
    def named_teams(self) -> Iterator[tuple[tuple[str | int, ...], UUID]]:
        """Every team that it names, with where."""
        for at, more in enumerate(self.more_teams):
            yield ("more_teams", at, "like_team_id"), more.like
        for at, id in enumerate(self.without_teams):
            yield ("without_team_ids", at), id
        for at, hours in enumerate(self.hours):
            if hours.team_id:
                yield ("hours", at, "team_id"), hours.team_id
        for at, away in enumerate(self.absences):
            yield ("absences", at, "team_id"), away.team_id


def to_json(changes: Changes) -> dict[str, Any]:
    """As it is stored: what is not changed is left out."""
    found: dict[str, Any] = _plain({name: value for name, value in asdict(changes).items() if value not in (None, ())})
    return found


def from_json(stored: Mapping[str, Any]) -> Changes:
    """The way back."""
    made: dict[str, Callable[[Any], Any]] = {
        "more_teams": lambda row: MoreTeams(UUID(row["like"]), row["count"]),
        "without_teams": UUID,
        "hours": lambda row: OtherHours(
            time.fromisoformat(row["starts"]), time.fromisoformat(row["ends"]), row["team_id"] and UUID(row["team_id"])
        ),
        "absences": lambda row: AwayTeam(
            UUID(row["team_id"]), date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"])
        ),
        "more_jobs": lambda row: MoreJobs(**{**row, "skills": None if row["skills"] is None else tuple(row["skills"])}),
    }
    lists = {name: tuple(make(row) for row in stored.get(name, ())) for name, make in made.items()}
    return Changes(**lists, radius_km=stored.get("radius_km"), max_jobs=stored.get("max_jobs"))


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value


def changed(world: World, changes: Changes, own: Collection[int]) -> World:
    """The world with these changes, the other things as they are; the first day it had stays its first.

    `own`: the jobs of who asks. More work is made of them alone: what a prefix changes would tell of others.
    """
    for change in (_without, _away, _other_hours, _more_teams, _other_limits):
        world = change(world, changes)
    return _more_jobs(world, changes, [world.jobs[number] for number in sorted(own)])


def _without(world: World, changes: Changes) -> World:
    gone = set(changes.without_teams)
    return _kept(world, lambda day: world.teams[day.team].id not in gone)


def _away(world: World, changes: Changes) -> World:
    away = {
        (team, day)
        for each in changes.absences
        for team, known in enumerate(world.teams)
        for day, at in enumerate(world.days)
        if known.id == each.team_id and each.first_day <= at <= each.last_day
    }
    return _kept(world, lambda day: (day.team, day.day) not in away)


def _kept(world: World, stays: Callable[[TeamDay], bool]) -> World:
    """Without some team-days; what a planner fixed to them is free, what was promised stays promised."""
    team_days = tuple(day for day in world.team_days if stays(day))
    if len(team_days) == len(world.team_days):
        return world
    there = {(day.team, day.day) for day in team_days}
    jobs = (replace(job, pin=None) if job.pin and job.pin not in there else job for job in world.jobs)
    return replace(world, team_days=team_days, jobs=tuple(jobs))


def _other_hours(world: World, changes: Changes) -> World:
    days = list(world.team_days)
    for each in changes.hours:
        starts, ends = (at.hour * 60 + at.minute for at in (each.starts, each.ends))
        days = [
            replace(day, start=starts, end=ends, most_minutes=_most(day, ends - starts))
            if each.team_id in (None, world.teams[day.team].id)
            else day
            for day in days
        ]
    return replace(world, team_days=tuple(days))


def _most(day: TeamDay, hours: int) -> int:
    """More hours are more work, as far as the day had room for no more."""
    longer = max(0, hours - (day.end - day.start))
    return min(day.most_minutes + longer, hours)


def _more_teams(world: World, changes: Changes) -> World:
    teams, days = list(world.teams), list(world.team_days)
    for at, more in enumerate(changes.more_teams):
        model = next((n for n, team in enumerate(world.teams) if team.id == more.like), None)
        for copy in range(more.count if model is not None else 0):
            assert model is not None
            days += [replace(day, team=len(teams)) for day in world.team_days if day.team == model]
            teams.append(replace(world.teams[model], id=uuid5(_NAMES, f"team {more.like} {at} {copy}")))
    return replace(world, teams=tuple(teams), team_days=tuple(days))


def _other_limits(world: World, changes: Changes) -> World:
    if changes.radius_km is not None:
        world = replace(world, rules=replace(world.rules, radius_km=changes.radius_km))
    if changes.max_jobs is not None:
        days = (replace(day, most_jobs=changes.max_jobs) for day in world.team_days)
        world = replace(world, team_days=tuple(days))
    return world


def _more_jobs(world: World, changes: Changes, own: Sequence[Job]) -> World:
    jobs = list(world.jobs)
    for at, more in enumerate(changes.more_jobs):
        models = _models(world, own, more.postcode_prefix)
        for number, model in enumerate(islice(cycle(models), more.count if models else 0)):
            jobs.append(_copy(model, more, uuid5(_NAMES, f"job {at} {number}")))
    return replace(world, jobs=tuple(jobs))


def _models(world: World, own: Sequence[Job], prefix: str) -> Sequence[Job]:
    """Waiting visits there, else all that are there."""
    there = [job for job in own if world.areas[job.place].startswith(prefix)]
    return [job for job in there if job.current is None] or there


def _copy(model: Job, more: MoreJobs, id: UUID) -> Job:
    """Fresh work: nothing planned, promised or waited for."""
    skills = model.skills if more.skills is None else frozenset(more.skills)
    return Job(id, model.place, model.pc2, more.minutes or model.minutes, skills)
