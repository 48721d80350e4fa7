"""A partner with a live integration and its sandbox, and a receiver of its messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from api.webhook_payloads import Payloads
from domain.events.models import Event, EventPosition
from domain.partner_orders.receipt import Receipt
from domain.sandbox import credentials, life, making, runs
from domain.sandbox.life import LifeStep
from domain.sandbox.models import PartnerSandbox, SandboxCheck, SandboxRun
from domain.webhooks import deliveries
from tenants.actor import SYSTEM, Actor, actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests.asking import SCHEMA
from tests.domain.partner_orders.trade import Trade, trade
from tests.quoting import KEYS
from tests.webhooking import Scene
from workers.outbound import Outbound
from workers.webhooks import Deliverer


@dataclass
class Play:
    """The dealer's sandbox."""

    trade: Trade
    scene: Scene
    sandbox: PartnerSandbox
    told: int = 0

    @property
    def database(self) -> Database:
        return self.trade.market.database

    @property
    def admin(self) -> Actor:
        return self.trade.market.actors["dealer_admin"]

    @property
    def twin(self) -> Actor:
        """As whom a key of the sandbox asks."""
        of = self.sandbox
        return actor(Role.PARTNER_USER, of.sandbox_entity_id, organization_id=of.sandbox_organization_id)

    async def send(self, number: str, *products: dict[str, Any], **values: Any) -> Receipt:
        """An order into the sandbox."""
        of = self.sandbox
        return await self.trade.send(
            self.trade.document(number, *products),
            by=self.twin,
            entity_id=of.sandbox_entity_id,
            organization_id=of.sandbox_organization_id,
            **values,
        )

    async def step(self, number: str, *steps: LifeStep) -> None:
        for each in steps:
            async with self.database.session(SYSTEM) as session:
                await life.step(session, await self.mine(session), KEYS, number, each)

    async def mine(self, session: Any) -> PartnerSandbox:
        return await session.get_one(PartnerSandbox, self.sandbox.id)

    async def endpoint(self, url: str, **given: Any) -> str:
        """The secret of a new endpoint of the sandbox."""
        async with self.database.session(SYSTEM) as session:
            sandbox = await self.mine(session)
            values = {"url": url, "event_types": ["order.*"], **given}
            return (await credentials.make_endpoint(session, self.scene.here, self.admin, sandbox, values)).secret

    async def react(self) -> None:
        """Make deliveries of what happened in the sandbox, as the reaction does."""
        async with self.database.session(SYSTEM) as session:
            mine = EventPosition.entity_id == self.sandbox.sandbox_entity_id
            query = select(EventPosition.position, Event).join(Event, Event.id == EventPosition.event_id)
            query = query.where(mine, EventPosition.position > self.told).order_by(EventPosition.position)
            for position, event in (await session.execute(query)).all():
                await deliveries.create_for(session, event)
                self.told = position

    async def deliver(self) -> None:
        await self.react()
        await self.scene.deliverer.drain()

    async def run(self) -> SandboxRun:
        """The whole of a run, with the worker's task between its steps."""
        async with self.database.session(SYSTEM) as session:
            run = await runs.start(session, self.admin, await self.mine(session))
        for number in range(12):
            async with self.database.session(SYSTEM) as session:
                more = await runs.advance(session, KEYS, run.id, number)
            await self.deliver()
            if not more:
                break
        async with self.database.session(SYSTEM) as session:
            return await session.get_one(SandboxRun, run.id)

    async def checks(self, run: SandboxRun) -> dict[str, SandboxCheck]:
        async with self.database.session(SYSTEM) as session:
            return {check.code: check for check in await runs.checks_of(session, run.id)}


@asynccontextmanager
async def play(database: Database, settings: Settings, **values: Any) -> AsyncIterator[Play]:
    """A dealer with a sandbox of its own."""
    made = (traded := await trade(database, **values)).market
    made.actors |= {"dealer_admin": actor(Role.PARTNER_ADMIN, made.entity.id, organization_id=made.dealer.id)}
    allowed = settings.model_copy(update={"webhook_local_targets": True, "webhook_timeout_seconds": 1.0})
    outbound = Outbound(allowed)
    staged = Scene(made, allowed, Deliverer(database, allowed, Payloads(SCHEMA, database, allowed), outbound))
    await staged.silence()
    async with database.session(SYSTEM) as session:
        sandbox = await making.create(session, made.actors["dealer_admin"], made.entity.id, made.dealer.id)
    try:
        yield Play(traded, staged, sandbox)
    finally:
        await outbound.close()
        await staged.silence()
