"""Moving a visit by hand: a preview of what it would mean, the move, and taking back the last one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days import snapshots, windows
from domain.days.board import Board, BoardWarning, board, broken, route_of
from domain.days.discretion import softened
from domain.days.errors import (
    BeingBooked,
    BreaksRule,
    DayChanged,
    DayIsOver,
    NotMovable,
    NotPlanned,
    PromiseToCustomer,
    VisitPinnedDown,
)
from domain.days.events import VisitPromiseReleased
from domain.days.loading import Days, Drives, Sees, apart, within
from domain.days.models import VisitMove
from domain.days.phrases import phrase
from domain.days.weighing import Key, Weighed, Wish, weigh
from domain.errors import Faults, NotFound, OutOfRange
from domain.orders.errors import OrderOnHold
from domain.orders.models import Order
from domain.planning.arrival import AMSTERDAM, NOTICEABLE, moment
from domain.planning.discretion import STEP_MINUTES
from domain.planning.timing import Rule, Violation
from domain.planning.world import GAP_DAYS, Stop
from domain.rows import actor_of, find
from domain.slots.models import SlotHold
from domain.teams import planning_days
from domain.teams.models import Team
from domain.travel.matrix import Travel
from domain.visits import telling
from domain.visits.events import VisitMoved, VisitPlanned, VisitUnplanned
from domain.visits.models import Visit, VisitStatus
from tenants.actor import SYSTEM
from tenants.engine import Database

MOVABLE = (VisitStatus.REQUIRED, VisitStatus.PLANNED)
FURTHEST_DAYS = 400
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Touched:
    """A customer who was promised a part of the day or told a window, and for whom the team comes at another time."""

    visit_id: UUID | None
    """None: not the viewer's to see."""
    minutes: int
    """Later, or earlier where it is negative; in whole steps where the visit is not the viewer's to see."""


@dataclass(frozen=True, slots=True)
class DayEffect:
    """A team's day before and after."""

    before: Board
    after: Board
    broken: tuple[BoardWarning, ...]
    """What it breaks that it did not break before."""
    touched: tuple[Touched, ...]


@dataclass(frozen=True, slots=True)
class Effects:
    days: tuple[DayEffect, ...]
    releases_promise: bool
    """Whether the visit's own promise would not be kept."""

    @property
    def allowed(self) -> bool:
        return not any(effect.broken for effect in self.days)


async def asked(session: AsyncSession, wish: Wish) -> Visit:
    """The visit with what can be said before anything is computed; a session of the actor's or the system's."""
    visit = await find(session, Visit, wish.visit_id)
    if wish.target is not None:
        team = await find(session, Team, wish.target[0], field=("team_id",))
        if not team.active:
            raise NotFound(field=("team_id",))
    return visit


async def preview(database: Database, travel: Travel, wish: Wish, sees: Sees, now: datetime) -> Effects:
    """What the move would mean; nothing is written. Raises: DomainError."""
    async with database.session(SYSTEM) as session:
        visit = await find(session, Visit, wish.visit_id)
        _check(visit, wish, now)
        latest = await _latest(session, visit)
    days, _ = await apart(database, travel, *_scope(visit, wish), also=[visit.id])
    _check_placed(days, wish)
    return _effects(days, weigh(days, wish, now, latest), sees, now)


async def drives_for(database: Database, travel: Travel, visit: Visit, wish: Wish) -> Drives:
    """Drives that the move needs, asked for before its transaction begins."""
    _, drives = await apart(database, travel, *_scope(visit, wish), also=[visit.id])
    return drives


async def move(
    session: AsyncSession, drives: Drives, wish: Wish, seen: tuple[UUID | None, date | None], sees: Sees, now: datetime
) -> Effects:
    """Move the visit; `seen`: the team and day that it had when the planner decided. A session of the system.

    Raises: DomainError, one per broken rule where there are several.
    """
    await planning_days.lock(session, [seen[1], wish.target[1] if wish.target else None])
    visit = await find(session, Visit, wish.visit_id, lock=True)
    if (visit.team_id, visit.day) != seen:
        raise DayChanged(field=("id",))
    _check(visit, wish, now)
    await _check_held(session, visit)
    days = await within(session, drives, *_scope(visit, wish), also=[visit.id])
    _check_placed(days, wish)
    weighed = weigh(days, wish, now, await _latest(session, visit))
    _check_allowed(weighed, wish, sees)
    effects = _effects(days, weighed, sees, now)
    await _apply(session, weighed, wish, visit, now)
    return effects


# --- whether it may be moved --------------------------------------------------------------------------------------


def _check(visit: Visit, wish: Wish, now: datetime) -> None:
    if visit.status not in MOVABLE:
        raise NotMovable(status=visit.status, field=("id",))
    if wish.target is None and visit.day is None:
        raise NotPlanned(field=("id",))
    if wish.target is not None:
        _check_day(wish.target[1], now.astimezone(AMSTERDAM).date())
    if visit.pinned and (visit.team_id, visit.day) != (wish.target or (None, None)):
        raise VisitPinnedDown(field=("id",))


def _check_day(day: date, today: date) -> None:
    if day < today:
        raise DayIsOver(day=day.isoformat(), field=("day",))
    if (day - today).days > FURTHEST_DAYS:
        raise OutOfRange(minimum=today, maximum=today + timedelta(days=FURTHEST_DAYS), field=("day",))


async def _check_held(session: AsyncSession, visit: Visit) -> None:
    held = select(Order.hold_reason).where(Order.id == visit.order_id, Order.on_hold)
    if (reason := (await session.execute(held)).scalar_one_or_none()) is not None:
        raise OrderOnHold(reason=reason, field=("id",))


def _check_placed(days: Days, wish: Wish) -> None:
    if any(waiting.held and waiting.id == wish.visit_id for waiting in days.waiting):
        raise BeingBooked(field=("id",))
    if days.job_of(wish.visit_id) is None:
        raise BreaksRule(what=phrase(Violation(Rule.PLACE)), field=("id",))


def _check_allowed(weighed: Weighed, wish: Wish, sees: Sees) -> None:
    if weighed.releases and not wish.release:
        raise PromiseToCustomer(field=("release",))
    with Faults() as faults:
        for each in (violation for key in weighed.routes for violation in _broken(weighed, key, sees)):
            faults.add(BreaksRule(what=phrase(each), field=("day",)))


async def _latest(session: AsyncSession, visit: Visit) -> date | None:
    """The last day that the visits after it leave to it."""
    at = func.coalesce(Visit.work_position, Visit.position)
    query = select(func.min(Visit.day)).where(
        Visit.order_id == visit.order_id,
        at > (visit.work_position or visit.position),
        Visit.status.in_([VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS]),
    )
    first: date | None = (await session.execute(query)).scalar_one_or_none()
    return None if first is None else first - timedelta(days=GAP_DAYS)


def _scope(visit: Visit, wish: Wish) -> tuple[set[UUID], date, date]:
    """The teams and days that a move concerns."""
    keys = [key for key in ((visit.team_id, visit.day), wish.target) if key is not None]
    days = [day for _, day in keys if day is not None] or [datetime.now(AMSTERDAM).date()]
    return {team for team, _ in keys if team is not None}, min(days), max(days)


# --- what it means ------------------------------------------------------------------------------------------------


def _effects(days: Days, weighed: Weighed, sees: Sees, now: datetime) -> Effects:
    return Effects(tuple(_effect(days, weighed, key, sees, now) for key in weighed.routes), weighed.releases)


def _effect(days: Days, weighed: Weighed, key: Key, sees: Sees, now: datetime) -> DayEffect:
    before = board(days, *key, sees, now)
    after = board(weighed.days, *key, sees, now, jobs=weighed.routes[key])
    found = tuple(_warning(days, each, sees) for each in _broken(weighed, key, sees))
    return DayEffect(before, after, found, tuple(_touched_by(days, weighed, key, sees, now)))


def _touched_by(days: Days, weighed: Weighed, key: Key, sees: Sees, now: datetime) -> Iterator[Touched]:
    shift = days.team_day(*key)
    if shift is None:
        return
    known = {stop.job: stop.starts for stop in route_of(days, shift, days.jobs_of(*key), key[1], now).stops}
    for stop in weighed.route(key, now).stops:
        row, later = days.row(stop.job), stop.starts - known.get(stop.job, stop.starts)
        told = row.promised_at is not None or row.arrival_from is not None
        if told and abs(later) * _MINUTE >= NOTICEABLE:
            yield Touched(row.id, later) if sees(row) else Touched(None, round(later / STEP_MINUTES) * STEP_MINUTES)


def _broken(weighed: Weighed, key: Key, sees: Sees) -> list[Violation]:
    """What is newly broken on a day: the move brings it about, so that no rule is left out."""
    return softened(weighed.days, weighed.broken[key], weighed.routes[key], sees)


def _warning(days: Days, violation: Violation, sees: Sees) -> BoardWarning:
    visit = None if violation.job is None else days.row(violation.job)
    return BoardWarning(violation.rule, violation.amount, visit.id if visit is not None and sees(visit) else None)


# --- the move itself ----------------------------------------------------------------------------------------------


async def _apply(session: AsyncSession, weighed: Weighed, wish: Wish, visit: Visit, now: datetime) -> None:
    touched = await _touched(session, weighed)
    former = [snapshots.taken(row) for row in touched]
    was = (visit.day, visit.block, visit.status, visit.team_id)
    blocks = {row.id: row.block for row in touched if isinstance(row, Visit)}
    _place(weighed, wish, visit, now)
    for key in weighed.routes:
        if weighed.days.team_day(*key) is not None:
            await _rewrite(session, weighed, key, visit, now)
    _promise(session, weighed, wish, visit, now)
    await _tell_moved(session, visit, was, released=weighed.releases, agreed=wish.agreed)
    await _tell_others(session, [row for row in touched if isinstance(row, Visit) and row is not visit], blocks)
    await session.flush()
    await _tell_windows(session, weighed, now)
    await _remember(session, visit, former, [day for _, day in weighed.routes])


async def _touched(session: AsyncSession, weighed: Weighed) -> list[Visit | SlotHold]:
    """Rows that the move may change: the visits of both days, and the places that are held there."""
    days = weighed.days
    jobs = {weighed.job, *(job for route in weighed.routes.values() for job in route)}
    visits = [days.row(job) for job in jobs if not days.waiting[job].held]
    held = [days.waiting[job].id for job in jobs if days.waiting[job].held]
    holds = await session.scalars(select(SlotHold).where(SlotHold.visit_id.in_(held)))
    return [*visits, *holds]


def _place(weighed: Weighed, wish: Wish, visit: Visit, now: datetime) -> None:
    """Team, day and state; times come with the route."""
    if weighed.origin != weighed.target:
        visit.dispatched_at = visit.arrival_from = visit.arrival_until = None
    if wish.target is None:
        visit.status = VisitStatus.REQUIRED.value
        visit.promised_at = visit.promised_by = None
        visit.team_id = visit.day = visit.block = visit.route_order = visit.starts_at = visit.ends_at = None
        return
    visit.status = VisitStatus.PLANNED.value
    visit.team_id, visit.day = wish.target


async def _rewrite(session: AsyncSession, weighed: Weighed, key: Key, moved: Visit, now: datetime) -> None:
    """Order, times and parts of the day of a whole route."""
    days, crowded = weighed.days, _crowded(weighed, key)
    for order, stop in enumerate(weighed.route(key, now).stops):
        if not days.waiting[stop.job].held:
            days.row(stop.job).route_order = order
        if not crowded:
            await _retime(session, days, stop, key[1], moved)


async def _retime(session: AsyncSession, days: Days, stop: Stop, day: date, moved: Visit) -> None:
    if days.waiting[stop.job].held:
        await _rewrite_hold(session, days.waiting[stop.job].id, stop, day)
        return
    row = days.row(stop.job)
    row.starts_at, row.ends_at = _times(stop, day)
    if row is moved or row.promised_at is None:
        row.block = stop.block.value


def _crowded(weighed: Weighed, key: Key) -> bool:
    """Whether a day that was too full is so still: what is left keeps its times, which the database would refuse."""
    found = broken(weighed.days, weighed.days.team_day(*key), weighed.routes[key])
    return any(each.rule is Rule.JOBS for each in found)


async def _rewrite_hold(session: AsyncSession, visit_id: UUID, stop: Stop, day: date) -> None:
    """A held place keeps its day and part of it; when exactly it would be may change."""
    for hold in await session.scalars(select(SlotHold).where(SlotHold.visit_id == visit_id)):
        hold.starts_at, hold.ends_at = _times(stop, day)


def _times(stop: Stop, day: date) -> tuple[datetime, datetime]:
    return moment(day, stop.starts), moment(day, max(stop.ends, stop.starts + 1))


def _promise(session: AsyncSession, weighed: Weighed, wish: Wish, visit: Visit, now: datetime) -> None:
    if weighed.releases:
        visit.promised_at = visit.promised_by = None
    if wish.agreed and wish.target is not None:
        visit.promised_at, visit.promised_by = now, actor_of(session).user_id


async def _remember(
    session: AsyncSession, visit: Visit, former: Sequence[snapshots.Snapshot], changed: Iterable[date]
) -> None:
    at = await planning_days.versions(session, changed)
    versions = {day.isoformat(): version for day, version in at.items()}
    session.add(VisitMove(visit_id=visit.id, user_id=actor_of(session).user_id, former=list(former), versions=versions))
    await session.flush()


# --- telling ------------------------------------------------------------------------------------------------------

Was = tuple[date | None, str | None, str, UUID | None]
"""Day, part of it, status and team before."""


async def _tell_moved(session: AsyncSession, visit: Visit, was: Was, *, released: bool, agreed: bool) -> None:
    await tell(session, visit, was)
    if released and was[0] is not None:
        now = (visit.day.isoformat() if visit.day else "", visit.block or "")
        about = (visit.order_id, visit.position, visit.kind)
        happened = VisitPromiseReleased(*about, was[0].isoformat(), was[1] or "", *now, agreed and bool(visit.day))
        await telling.tell(session, visit, happened)


async def _tell_others(session: AsyncSession, rows: Iterable[Visit], blocks: dict[UUID, str | None]) -> None:
    """Who was not promised a part of the day may have got another one."""
    for row in rows:
        if row.block != blocks[row.id]:
            await tell(session, row, (row.day, blocks[row.id], row.status, row.team_id))


async def tell(session: AsyncSession, visit: Visit, was: Was) -> None:
    """Where a visit is now, to those who knew it elsewhere."""
    day, block, status, team_id = was
    about = (visit.order_id, visit.position, visit.kind)
    teams = [team_id] if team_id and team_id != visit.team_id else []
    former = (day.isoformat() if day else "", block or "")
    if visit.day is None or visit.team_id is None:
        await telling.tell(session, visit, VisitUnplanned(*about, *former), also_teams=teams)
        return
    now = (visit.day.isoformat(), visit.block or "", visit.team_id)
    if status == VisitStatus.REQUIRED:
        await telling.tell(session, visit, VisitPlanned(*about, *now), also_teams=teams)
    else:
        await telling.tell(session, visit, VisitMoved(*about, *now, *former), also_teams=teams)


async def _tell_windows(session: AsyncSession, weighed: Weighed, now: datetime) -> None:
    for team_id, day in weighed.routes:
        await windows.keep_up(session, team_id, day, now)
