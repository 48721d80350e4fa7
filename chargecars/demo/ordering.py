"""Orders: planned for every quote that was agreed to, and written with their milestones, visits and events."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.figures import Figures
from chargecars.demo.fulfilment import Fulfilment, OrderPlan, VisitPlan, Work
from chargecars.demo.notifying import NotificationWriter
from chargecars.demo.numbers import Numbers
from chargecars.demo.offers import draw_content
from chargecars.demo.people import Person
from chargecars.demo.plan import QuotePlan
from chargecars.demo.schedule import Schedule
from chargecars.demo.timeline import Timeline
from chargecars.demo.world import World
from chargecars.demo.written import WrittenQuote
from domain.events.record import Payload
from domain.geo.location import Point
from domain.orders import events
from domain.orders.models import OrderStage
from domain.orders.stages import PROGRESS
from domain.quotes.models import QuoteStatus
from domain.quotes.offer import PlannedVisit
from domain.visits.models import VisitStatus

_PROCESSING_MINUTES = 5
_WAITING_FOR_MATERIAL, _URGENT = 0.2, 0.08


def plan_orders(world: World, figures: Figures, plans: list[QuotePlan], numbers: Numbers) -> None:
    """Give the ordered quotes their orders: one each, and the repeats of wholesale, numbered in order of time."""
    draw = world.draw("orders")
    ordered = [plan for plan in plans if plan.status is QuoteStatus.ORDERED]
    for plan in ordered:
        plan.orders = [OrderPlan(plan.ended_at, partner_order_id=plan.partner_order_id)]
    _repeat(draw, world.now, ordered, figures.orders - len(ordered))
    fulfilment = Fulfilment(draw, Schedule(draw, world.teams, world.since.date(), world.today), world.now)
    orders = sorted(_pairs(ordered), key=lambda pair: pair[1].at)
    for plan, order in orders:
        order.number = numbers.next(plan.entity, "order", order.at)
        if plan.customer is None:
            fulfilment.deliver(order)
        else:
            address = plan.customer.address
            place = Point(address["latitude"], address["longitude"])
            fulfilment.install(order, place, Work(plan.visits, partial(_foreseen_minutes, world, plan)))
    fulfilment.carry_out(order for _, order in orders)


def _foreseen_minutes(world: World, plan: QuotePlan) -> list[int]:
    """Of the visits of the version that was agreed to."""
    content = draw_content(plan, world.catalogs[plan.entity.id], len(plan.course.sent))
    return [visit.minutes for visit in content.planned.planned]


def _pairs(plans: list[QuotePlan]) -> list[tuple[QuotePlan, OrderPlan]]:
    return [(plan, order) for plan in plans for order in plan.orders]


def _repeat(draw: Draw, now: datetime, ordered: list[QuotePlan], count: int) -> None:
    """Wholesale customers order the same again, some days after they did before."""
    settled = now - timedelta(days=10)
    those = [plan for plan in ordered if plan.entity.wholesale and plan.ended_at < settled]
    for number in range(1, count + 1):
        plan = draw.one(those)
        at = draw.moment(plan.ended_at + timedelta(days=3), now - timedelta(hours=1))
        plan.orders.append(OrderPlan(at, partner_order_id=f"PO-{number:06d}" if number % 3 else None))
    for plan in those:
        plan.orders.sort(key=lambda order: order.at)
        for sequence, order in enumerate(plan.orders, start=1):
            order.sequence = sequence


class OrderWriter:
    """Writes the orders of the quotes of one chunk."""

    def __init__(self, world: World, rows: Rows, draw: Draw) -> None:
        self._world, self._rows, self._draw = world, rows, draw
        self._timeline = Timeline(rows, draw)
        self._notifications = NotificationWriter(world, rows, draw)

    def write(self, quote: WrittenQuote) -> None:
        """All orders of a quote."""
        for order in quote.plan.orders:
            self._write_order(quote, order, self._draw.id(order.at))

    def _write_order(self, quote: WrittenQuote, order: OrderPlan, id: UUID) -> None:
        force, plan, deal = quote.in_force, quote.plan, quote.deal
        assert force is not None, "what was ordered was sent"
        sees = sorted({*deal.chain, *force.offer.payer_chain})
        teams = sorted({visit.slot.team_id for visit in order.visits if visit.slot})
        cancelled_at = order.reached.get(OrderStage.CANCELLED)
        self._rows.add(
            "order",
            id=id,
            entity_id=plan.entity.id,
            number=order.number,
            quote_id=quote.id,
            quote_version_id=force.id,
            sequence=order.sequence,
            account_contact_id=deal.account_id,
            end_customer_contact_id=deal.customer_id,
            account_chain_ids=deal.chain,
            channel_organization_ids=sees,
            service_address_id=quote.address_id,
            stage=order.stage,
            progress=_progress(order),
            on_hold=order.held_at is not None,
            hold_reason=order.reason if order.held_at else None,
            held_at=order.held_at,
            cancelled_at=cancelled_at,
            cancel_reason=order.reason if cancelled_at else None,
            completed_at=order.reached.get(OrderStage.COMPLETED),
            partner_order_id=order.partner_order_id,
            partner_metadata=quote.metadata,
            payment_terms_days=force.offer.payment_terms_days,
            estimated_processing_minutes=_PROCESSING_MINUTES,
            team_ids=teams,
            version=len(order.reached),
            created_at=order.at,
            updated_at=order.held_at or max(order.reached.values()),
        )
        for stage, at in order.reached.items():
            self._rows.add(
                "order_milestone",
                id=self._draw.id(at),
                entity_id=plan.entity.id,
                order_id=id,
                stage=stage,
                reached_at=at,
                created_at=at,
            )
        for visit, foreseen in zip(order.visits, force.offer.visits, strict=True):
            self._write_visit(quote, order, id, visit, foreseen, sees)
        self._tell_course(quote, order, id, {"channel": sees, "team_ids": teams})
        self._notifications.write(quote, order, id)

    def _write_visit(
        self,
        quote: WrittenQuote,
        order: OrderPlan,
        order_id: UUID,
        visit: VisitPlan,
        foreseen: PlannedVisit,
        sees: list[UUID],
    ) -> None:
        slot, planned = visit.slot, self._planned(visit, foreseen, quote, order)
        self._rows.add(
            "visit",
            id=self._draw.id(order.at),
            entity_id=quote.plan.entity.id,
            order_id=order_id,
            channel_organization_ids=sees,
            end_customer_contact_id=quote.deal.customer_id,
            position=foreseen.position,
            kind=foreseen.kind,
            status=visit.status,
            outcome=visit.outcome,
            minutes=foreseen.minutes,
            skills=foreseen.skills,
            team_id=slot.team_id if slot else None,
            day=slot.day if slot else None,
            block=slot.block if slot else None,
            started_at=visit.started_at,
            finished_at=visit.finished_at,
            outdoor=foreseen.outdoor,
            **planned,
            created_at=order.at,
            updated_at=visit.finished_at or visit.started_at or max(order.reached.values()),
        )

    def _planned(
        self, visit: VisitPlan, foreseen: PlannedVisit, quote: WrittenQuote, order: OrderPlan
    ) -> dict[str, Any]:
        """Where the visit is, what it waits for, and its place in a route."""
        slot, waits = visit.slot, visit.status is VisitStatus.REQUIRED
        address = quote.plan.customer.address if quote.plan.customer else {}
        material_on = self._world.today + timedelta(days=self._draw.integer(1, 16))
        return {
            "latitude": address.get("latitude"),
            "longitude": address.get("longitude"),
            "pc4": address.get("postal_code", "")[:4] or None,
            "material_on": material_on if waits and self._draw.uniform() < _WAITING_FOR_MATERIAL else None,
            "priority": self._draw.integer(3, 7) if waits and self._draw.uniform() < _URGENT else 0,
            "promised_at": visit.promised_at,
            "route_order": slot.order if slot else None,
            "starts_at": slot.starts_at if slot else None,
            "ends_at": slot.starts_at + timedelta(minutes=foreseen.minutes) if slot else None,
        }

    # --- events -------------------------------------------------------------------------------------------------

    def _tell_course(self, quote: WrittenQuote, order: OrderPlan, id: UUID, seen_by: dict[str, Any]) -> None:
        """One event per stage; those of today are still to come."""
        for stage, at in order.reached.items():
            if at < self._world.now:
                self._tell(quote, id, _reached(quote, order, stage), at, quote.maker, seen_by)
        if order.held_at and order.reason:
            held = events.OrderHeld(order.number, order.reason)
            self._tell(quote, id, held, order.held_at, quote.maker, seen_by)

    def _tell(
        self, quote: WrittenQuote, id: UUID, payload: Payload, at: datetime, by: Person, seen_by: dict[str, Any]
    ) -> None:
        self._timeline.tell(
            payload,
            at,
            by,
            entity_id=quote.plan.entity.id,
            subject_id=id,
            organization_ids=[quote.deal.account_id],
            contact_ids=[quote.deal.customer_id],
            **seen_by,
        )


def _reached(quote: WrittenQuote, order: OrderPlan, stage: OrderStage) -> Payload:
    if stage is OrderStage.RECEIVED:
        return events.OrderReceived(order.number, quote.plan.number, _PROCESSING_MINUTES)
    if stage is OrderStage.CANCELLED:
        return events.OrderCancelled(order.number, order.reason or "")
    return events.OrderStageChanged(order.number, stage.value, PROGRESS[stage])


def _progress(order: OrderPlan) -> int:
    """A cancelled order keeps the figure it had."""
    return max(PROGRESS.get(stage, 0) for stage in order.reached)
