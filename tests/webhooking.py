"""A market whose partners are told by webhook: endpoints at real receivers, and a worker's task that can be stepped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from api.webhook_payloads import Payloads
from domain.events.models import Event, EventPosition
from domain.orders import service as orders
from domain.webhooks import deliveries, service
from domain.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from domain.webhooks.service import Here, Made
from tenants.actor import SYSTEM, Actor
from tenants.auth import clock
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA
from tests.quoting import Market, market
from workers.outbound import Outbound
from workers.webhooks import Deliverer


@dataclass
class Scene:
    """The market, and what delivers in it. `told` is the last position that the reaction has seen."""

    m: Market
    settings: Settings
    deliverer: Deliverer
    told: int = 0
    secrets: dict[UUID, str] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.m.database

    @property
    def here(self) -> Here:
        return Here(self.settings, Payloads(SCHEMA, self.database, self.settings))

    async def endpoint(self, url: str, *, by: str = "dealer_admin", **given: Any) -> WebhookEndpoint:
        """An endpoint for everything, made by somebody of the market."""
        values = {"url": url, "event_types": ["order.*", "quote.*"], "contact_emails": [f"{by}@example.nl"], **given}
        made = await self.make(self.m.actors[by], values)
        self.secrets[made.endpoint.id] = made.secret
        return made.endpoint

    async def make(self, actor: Actor, values: dict[str, Any]) -> Made:
        async with self.database.session(SYSTEM) as session:
            return await service.create(session, self.here, actor, values)

    async def react(self) -> None:
        """As the reaction does: every new event of the market, in the order of the log, each in a transaction."""
        async with self.database.session(SYSTEM) as session:
            mine = EventPosition.entity_id == self.m.entity.id
            query = select(EventPosition.position, Event).join(Event, Event.id == EventPosition.event_id)
            rows = await session.execute(
                query.where(mine, EventPosition.position > self.told).order_by(EventPosition.position)
            )
            found = [(row[0], row[1]) for row in rows]
        for position, event in found:
            async with self.database.session(SYSTEM) as session:
                await deliveries.create_for(session, event)
            self.told = position

    async def run(self) -> None:
        """React, then deliver all that is due."""
        await self.react()
        await self.deliverer.drain()

    async def hold(self, order_id: UUID, reason: str = "Wacht op de klant") -> None:
        async with self.database.session(self.m.actors["staff"]) as session:
            await orders.hold(session, order_id, reason)

    async def resume(self, order_id: UUID) -> None:
        async with self.database.session(self.m.actors["staff"]) as session:
            await orders.resume(session, order_id)

    async def deliveries(self, endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
        async with self.database.session(SYSTEM) as session:
            query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id)
            return list(await session.scalars(query.order_by(WebhookDelivery.position, WebhookDelivery.created_at)))

    async def attempts(self, endpoint: WebhookEndpoint) -> list[WebhookAttempt]:
        async with self.database.session(SYSTEM) as session:
            query = select(WebhookAttempt).where(WebhookAttempt.endpoint_id == endpoint.id)
            return list(await session.scalars(query.order_by(WebhookAttempt.created_at, WebhookAttempt.id)))

    async def again(self, endpoint: WebhookEndpoint) -> WebhookEndpoint:
        """The endpoint as it is now."""
        async with self.database.session(SYSTEM) as session:
            return await session.get_one(WebhookEndpoint, endpoint.id)

    async def silence(self) -> None:
        """Leave nothing for the next test."""
        async with self.database.session(SYSTEM) as session:
            await session.execute(update(WebhookDelivery).values(state="SKIPPED").where(_WAITING))


_WAITING = text("state = 'PENDING'")


@asynccontextmanager
async def scene(database: Database, settings: Settings, **changed: Any) -> AsyncIterator[Scene]:
    """A market with a partner that may manage webhooks; receivers on this machine are allowed."""
    allowed = settings.model_copy(update={"webhook_local_targets": True, "webhook_timeout_seconds": 1.0, **changed})
    m = await market(database, agreement={})
    async with database.session(SYSTEM) as session:
        admin = await factories.actor_with(session, Role.PARTNER_ADMIN, m.entity, organization=m.dealer)
        m.actors["dealer_admin"] = admin
        m.actors["tenant_admin"] = await factories.actor_with(session, Role.TENANT_ADMIN, m.entity)
    outbound = Outbound(allowed)
    made = Scene(m, allowed, Deliverer(database, allowed, Payloads(SCHEMA, database, allowed), outbound))
    await made.silence()
    try:
        yield made
    finally:
        await outbound.close()
        await made.silence()


_NOW = clock.now


def later(patch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    """Let it be so much later than it is."""
    patch.setattr(clock, "now", lambda: _NOW() + ahead)
