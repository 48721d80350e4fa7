"""What people were told of recent orders: the inbox and the deliveries, as the reaction to the events leaves them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.fulfilment import OrderPlan
from chargecars.demo.people import PLATFORM
from chargecars.demo.tenants import Entity
from chargecars.demo.timeline import Timeline
from chargecars.demo.world import World
from chargecars.demo.written import WrittenQuote
from domain.notifications.catalogue import KINDS
from domain.notifications.events import NotificationReceived
from domain.notifications.kinds import Kind, default_text
from domain.notifications.models import Channel, Language
from domain.notifications.rendering import filled, typed
from domain.orders.models import OrderStage

_RECENT = timedelta(days=30)
_SOON, _READ = timedelta(seconds=2), timedelta(hours=20)
_KINDS = {OrderStage.RECEIVED: "order.received", OrderStage.COMPLETED: "order.completed"}


@dataclass(frozen=True, slots=True)
class _To:
    """A contact, or a user on behalf of an organization."""

    name: str
    email: str
    contact_id: UUID | None = None
    user_id: UUID | None = None
    organization_id: UUID | None = None

    @property
    def ids(self) -> dict[str, UUID | None]:
        return {"contact_id": self.contact_id, "user_id": self.user_id, "organization_id": self.organization_id}


class NotificationWriter:
    """Writes what customers, partners and the office were told."""

    def __init__(self, world: World, rows: Rows, draw: Draw) -> None:
        self._world, self._rows, self._draw = world, rows, draw
        self._timeline = Timeline(rows, draw)

    def write(self, quote: WrittenQuote, order: OrderPlan, order_id: UUID) -> None:
        """Of the stages that the order has reached lately."""
        for stage, name in _KINDS.items():
            at = order.reached.get(stage)
            if at is None or not self._world.now - _RECENT < at < self._world.now:
                continue
            for kind, to in self._recipients(quote, name):
                self._tell(quote.plan.entity, KINDS[kind], to, order, order_id, at + _SOON, _customer_name(quote))

    def _recipients(self, quote: WrittenQuote, name: str) -> list[tuple[str, _To]]:
        plan, found = quote.plan, []
        if plan.customer:
            found.append((name, _To(plan.customer.name, plan.customer.email, contact_id=plan.customer.id)))
        if plan.partner and plan.customer and quote.deal.account_id:
            people = [person for person in plan.partner.people if person.user_id]
            found += [
                (f"{name}.partner", _To(p.name, p.email, user_id=p.user_id, organization_id=plan.partner.id))
                for p in people
            ]
        if f"{name}.staff" in KINDS:
            found.append((f"{name}.staff", _To(quote.maker.name, "", user_id=quote.maker.user_id)))
        return found

    def _tell(
        self, entity: Entity, kind: Kind, to: _To, order: OrderPlan, order_id: UUID, at: datetime, customer: str
    ) -> None:
        title, text = self._words(entity, kind, to, order, customer)
        id = self._draw.id(at)
        about = {"entity_id": entity.id, "kind": kind.name, "subject_type": "Order", "subject_id": order_id, **to.ids}
        self._rows.add(
            "notification",
            id=id,
            **about,
            key=f"order:{order_id}:{kind.name}:{to.user_id or to.contact_id}",
            category=kind.category,
            language=Language.NL,
            title=title,
            text=text,
            read_at=at + _READ if self._draw.uniform() < 0.7 and at + _READ < self._world.now else None,
            reach=list(kind.channels),
            seal_context="",
            created_at=at,
        )
        channels = [Channel.IN_APP, *kind.channels]
        for position, channel in enumerate(channels, start=1):
            self._deliver(about, id, position, channel, to, title, at)
        self._timeline.tell(
            NotificationReceived(kind.name, [channel.value for channel in channels]),
            at,
            PLATFORM,
            entity_id=entity.id,
            subject_id=id,
            organization_ids=[to.organization_id],
            channel=[to.organization_id] if to.organization_id else [],
            contact_ids=[to.contact_id],
        )

    def _deliver(
        self, about: dict[str, Any], id: UUID, position: int, channel: Channel, to: _To, title: str, at: datetime
    ) -> None:
        self._rows.add(
            "notification_delivery",
            id=self._draw.id(at),
            notification_id=id,
            position=position,
            **about,
            channel=channel,
            state="DELIVERED" if channel is Channel.IN_APP else "SENT",
            address="" if channel is Channel.IN_APP else to.email,
            title=title,
            attempts=0 if channel is Channel.IN_APP else 1,
            next_attempt_at=at,
            sent_at=at,
            delivered_at=at if channel is Channel.IN_APP else None,
            created_at=at,
        )

    def _words(self, entity: Entity, kind: Kind, to: _To, order: OrderPlan, customer: str) -> tuple[str, str]:
        """As the inbox shows them."""
        values = {
            "recipient.name": to.name,
            "brand.name": entity.name,
            "brand.portal": "",
            "brand.email": "",
            "brand.phone": "",
            "order.number": order.number,
            "order.customer": customer,
            "order.partner_reference": order.partner_order_id,
        }
        known = typed(kind.named.values(), values)
        subject, text = (filled(words, known, Language.NL) for words in default_text(kind, Channel.IN_APP, Language.NL))
        return subject, text


def _customer_name(quote: WrittenQuote) -> str:
    if quote.plan.customer:
        return quote.plan.customer.name
    return quote.plan.partner.name if quote.plan.partner else ""
