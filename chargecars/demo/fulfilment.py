"""What became of the orders: stages, visits, holds, cancellations, and wholesale orders that were repeated."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial

from chargecars.demo.draw import Draw, whole
from chargecars.demo.schedule import Schedule, Slot
from domain.geo.location import Point
from domain.numbering.service import AMSTERDAM
from domain.orders.models import OrderStage
from domain.visits.models import DayBlock, VisitOutcome, VisitStatus

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_CANCELLED, _HELD, _PARTIAL, _PROMISED = 0.015, 0.02, 0.03, 0.75
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
    promised_at: datetime | None = None
    """When the customer was told day and part of the day of a visit that is ahead."""
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


@dataclass
class Work:
    """What an order calls for; `foresee` is asked for the minutes of its visits only where they matter."""

    visits: int
    foresee: Callable[[], Sequence[int]]

    @cached_property
    def _minutes(self) -> Sequence[int]:
        return self.foresee()

    def minutes(self, number: int) -> int:
        return self._minutes[number]


class Fulfilment:
    """Decides what became of orders up to `now`: deliver and install them in order of time, then carry out the visits.

    Where the visits go is known once all orders are there; what came of them, and of the orders, follows from it.
    """

    def __init__(self, draw: Draw, schedule: Schedule, now: datetime) -> None:
        self._draw, self._schedule, self._now = draw, schedule, now
        self._today = now.astimezone(AMSTERDAM).date()
        self._of_slot: dict[int, VisitPlan] = {}

    def deliver(self, order: OrderPlan) -> None:
        """A wholesale order: nothing has to be planned."""
        order.reached[OrderStage.RECEIVED] = order.at
        if self._is_stopped(order):
            return
        begun = order.at + self._draw.between(_HOUR, _DAY)
        if order.reach(OrderStage.IN_PROGRESS, begun, self._now):
            order.reach(OrderStage.COMPLETED, begun + self._draw.between(4 * _HOUR, 3 * _DAY), self._now)
        self._maybe_hold(order)

    def install(self, order: OrderPlan, place: Point, work: Work) -> None:
        """An order with visits at a place: as far as planning them goes."""
        order.reached[OrderStage.RECEIVED] = order.at
        order.visits = [VisitPlan() for _ in range(work.visits)]
        planning = order.at + self._draw.between(2 * _HOUR, 2 * _DAY)
        scheduled = planning + self._draw.between(2 * _HOUR, 2 * _DAY)
        goes_on = not self._is_stopped(order) and order.reach(OrderStage.PLANNING, planning, self._now)
        if goes_on and not self._is_stopped(order) and scheduled < self._now:
            self._book(order, scheduled, place, work)

    def carry_out(self, orders: Iterable[OrderPlan]) -> None:
        """What is known by now of the visits that were planned, and what they make of their orders."""
        for route in self._schedule.routes():
            before = None
            for slot in route:
                visit = self._of_slot[id(slot)]
                self._make(visit, slot, before)
                before = visit
        for order in orders:
            if any(visit.slot for visit in order.visits):
                self._finish(order)
            if order.visits:
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

    def _book(self, order: OrderPlan, scheduled: datetime, place: Point, work: Work) -> None:
        """Each visit after the one before; the order is scheduled with the first that finds a place."""
        day = scheduled.astimezone(AMSTERDAM).date() + timedelta(days=self._draw.integer(2, 6))
        for number, visit in enumerate(order.visits):
            visit.slot = self._schedule.book(day, place, partial(work.minutes, number))
            if visit.slot is None:
                return
            self._of_slot[id(visit.slot)] = visit
            order.reached[OrderStage.SCHEDULED] = scheduled
            if visit.slot.day >= self._today and self._draw.uniform() < _PROMISED:
                visit.promised_at = scheduled
            day = visit.slot.day + timedelta(days=self._draw.integer(1, 4))

    def _make(self, visit: VisitPlan, slot: Slot, before: VisitPlan | None) -> None:
        """What is known of a planned visit by now; a team begins one when the one before is over."""
        starts = slot.starts_at + timedelta(minutes=self._draw.integer(-15, 20))
        follows = before is None or before.status is VisitStatus.DONE
        if slot.day < self._today or (self._is_early(slot) and follows and self._draw.uniform() < 0.3):
            visit.status, visit.outcome = VisitStatus.DONE, VisitOutcome.COMPLETED
            visit.started_at, visit.finished_at = starts, starts + timedelta(minutes=self._draw.integer(60, 210))
        elif self._is_early(slot) and follows:
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
