"""What became of the orders: stages, visits, holds, cancellations, and wholesale orders that were repeated."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from chargecars.demo.draw import Draw, whole
from chargecars.demo.schedule import Schedule, Slot
from domain.numbering.service import AMSTERDAM
from domain.orders.models import OrderStage
from domain.visits.models import DayBlock, VisitOutcome, VisitStatus

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_CANCELLED, _HELD, _PARTIAL = 0.015, 0.02, 0.03
_RECENT = timedelta(days=21)
HOLD_REASONS = (
    "Wacht op toestemming van de VvE.",
    "De netbeheerder verzwaart eerst de aansluiting.",
    "De klant is op vakantie.",
    "Het gekozen laadstation is tijdelijk niet leverbaar.",
)
CANCEL_REASONS = (
    "De klant gaat verhuizen.",
    "De auto is afbesteld.",
    "De klant kiest voor een openbare laadpaal.",
    "Dubbel besteld.",
)


@dataclass(slots=True)
class VisitPlan:
    """One visit: unplanned without a slot."""

    status: VisitStatus = VisitStatus.REQUIRED
    outcome: VisitOutcome | None = None
    slot: Slot | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(slots=True)
class OrderPlan:
    """One order; `reached` holds the stages it came through, in order."""

    at: datetime
    sequence: int = 1
    number: str = ""
    partner_order_id: str | None = None
    reached: dict[OrderStage, datetime] = field(default_factory=dict)
    visits: list[VisitPlan] = field(default_factory=list)
    held_at: datetime | None = None
    reason: str | None = None
    """Why it is on hold or was cancelled."""

    @property
    def stage(self) -> OrderStage:
        return list(self.reached)[-1]

    def reach(self, stage: OrderStage, at: datetime, now: datetime) -> bool:
        """Whether it has come so far by now."""
        if at < now:
            self.reached[stage] = at
        return at < now


class Fulfilment:
    """Decides what became of orders up to `now`; ask in order of time."""

    def __init__(self, draw: Draw, schedule: Schedule, now: datetime) -> None:
        self._draw, self._schedule, self._now = draw, schedule, now
        self._today = now.astimezone(AMSTERDAM).date()

    def deliver(self, order: OrderPlan) -> None:
        """A wholesale order: nothing has to be planned."""
        order.reached[OrderStage.RECEIVED] = order.at
        if self._is_stopped(order):
            return
        begun = order.at + self._draw.between(_HOUR, _DAY)
        if order.reach(OrderStage.IN_PROGRESS, begun, self._now):
            order.reach(OrderStage.COMPLETED, begun + self._draw.between(4 * _HOUR, 3 * _DAY), self._now)
        self._maybe_hold(order)

    def install(self, order: OrderPlan, visits: int, latitude: float, longitude: float) -> None:
        """An order with one or two visits at an address."""
        order.reached[OrderStage.RECEIVED] = order.at
        order.visits = [VisitPlan() for _ in range(visits)]
        planning = order.at + self._draw.between(2 * _HOUR, 2 * _DAY)
        scheduled = planning + self._draw.between(2 * _HOUR, 2 * _DAY)
        goes_on = not self._is_stopped(order) and order.reach(OrderStage.PLANNING, planning, self._now)
        if goes_on and not self._is_stopped(order) and order.reach(OrderStage.SCHEDULED, scheduled, self._now):
            self._visit(order, scheduled, latitude, longitude)
        self._maybe_hold(order)

    def _is_stopped(self, order: OrderPlan) -> bool:
        """Cancelled before any work began."""
        if self._draw.uniform() > _CANCELLED:
            return False
        at = max(order.reached.values()) + self._draw.between(_HOUR, _DAY)
        if not order.reach(OrderStage.CANCELLED, at, self._now):
            return False
        order.reason = self._draw.one(CANCEL_REASONS)
        for visit in order.visits:
            visit.status, visit.outcome = VisitStatus.CANCELLED, VisitOutcome.CANCELLED
        return True

    def _visit(self, order: OrderPlan, scheduled: datetime, latitude: float, longitude: float) -> None:
        day = scheduled.astimezone(AMSTERDAM).date() + timedelta(days=self._draw.integer(2, 6))
        for visit in order.visits:
            visit.slot = self._schedule.book(day, latitude, longitude)
            self._make(visit, visit.slot)
            day = visit.slot.day + timedelta(days=self._draw.integer(1, 4))
        self._finish(order)

    def _make(self, visit: VisitPlan, slot: Slot) -> None:
        """What is known of a planned visit by now."""
        starts = _clock(slot.day, 8 if slot.block is DayBlock.MORNING else 13, self._draw.integer(0, 40))
        if slot.day < self._today or (self._is_early(slot) and self._draw.uniform() < 0.3):
            visit.status, visit.outcome = VisitStatus.DONE, VisitOutcome.COMPLETED
            visit.started_at, visit.finished_at = starts, starts + timedelta(minutes=self._draw.integer(60, 210))
        elif self._is_early(slot):
            visit.status = self._draw.one((VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS))
            visit.started_at = starts if visit.status is VisitStatus.IN_PROGRESS else None
        else:
            visit.status = VisitStatus.PLANNED

    def _is_early(self, slot: Slot) -> bool:
        return slot.day == self._today and slot.block is DayBlock.MORNING

    def _finish(self, order: OrderPlan) -> None:
        """What the visits make of the order: under way with the first, completed with the last."""
        if begun := order.visits[0].started_at:
            order.reached[OrderStage.IN_PROGRESS] = begun
        last = order.visits[-1]
        if last.finished_at is None:
            return
        if self._now - last.finished_at < _RECENT and self._draw.uniform() < _PARTIAL:
            last.outcome = VisitOutcome.PARTIAL
        else:
            order.reached[OrderStage.COMPLETED] = last.finished_at

    def _maybe_hold(self, order: OrderPlan) -> None:
        stopped = (OrderStage.IN_PROGRESS, OrderStage.COMPLETED, OrderStage.CANCELLED)
        if order.stage in stopped or self._draw.uniform() > _HELD:
            return
        since = max(order.reached.values())
        order.held_at = since + whole((self._now - since) / 2)
        order.reason = self._draw.one(HOLD_REASONS)


def _clock(day: date, hour: int, minute: int) -> datetime:
    """A time in Amsterdam, in UTC."""
    return datetime.combine(day, time(hour, minute), AMSTERDAM).astimezone(UTC)
