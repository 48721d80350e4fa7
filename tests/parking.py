"""A small car park for tests of chargers: an entity, whose chargers they are, and who sees them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from domain.chargers import credentials, enrolment, registry
from domain.chargers.credentials import Device
from domain.chargers.models import Charger, ChargerAccess
from domain.chargers.registry import ConnectorDetails
from domain.commands import service as commands
from domain.commands.models import CommandKind, DeviceCommand
from domain.contacts.models import Contact
from domain.events.models import Event
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tests import factories


@dataclass
class Park:
    """Rows and actors: `staff`, `technician`, `partner`, `owner` (of the chargers), `driver`, `stranger`."""

    database: Database
    entity: BusinessEntity
    partner: Contact
    owner: Contact
    actors: dict[str, Actor] = field(default_factory=dict)

    async def charger(self, *, enrolled: bool = True, **values: Any) -> Charger:
        """A charger of the owner with two connectors, private unless said otherwise."""
        async with self.database.session(SYSTEM) as session:
            given: dict[str, Any] = {
                "entity_id": self.entity.id,
                "vendor": "Alfen",
                "model": "Eve Double",
                "serial_number": factories.unique("SN-"),
                "max_power_w": 22_000,
                "owner_contact_id": self.owner.id,
                "channel": [self.partner.id],
                "connectors": [ConnectorDetails(1), ConnectorDetails(2)],
            }
            made = await registry.register(session, **(given | values))
            if enrolled:
                await enrolment.enrol(session, made.id)
            return made

    async def public(self, **values: Any) -> Charger:
        return await self.charger(access=ChargerAccess.PUBLIC, **values)

    async def with_secret(self, **values: Any) -> tuple[Charger, str]:
        """A charger and what it logs in with."""
        made = await self.charger(enrolled=False, **values)
        async with self.database.session(SYSTEM) as session:
            enrolled = await enrolment.enrol(session, made.id)
        assert enrolled.secret is not None
        return enrolled.charger, enrolled.secret

    async def verify(self, identity: str, secret: str | bytes) -> Device | None:
        async with self.database.session(SYSTEM) as session:
            given = secret.encode() if isinstance(secret, str) else secret
            return await credentials.verify(session, identity, given)

    async def row(self, charger_id: UUID) -> Charger:
        """As it is now."""
        async with self.database.session(SYSTEM) as session:
            return await session.get_one(Charger, charger_id)

    async def told(self, subject_id: UUID) -> list[str]:
        """The types of the events of a charger or command, oldest first."""
        async with self.database.session(SYSTEM) as session:
            query = select(Event.type).where(Event.subject_id == subject_id).order_by(Event.created_at, Event.id)
            return list((await session.execute(query)).scalars())

    async def command(
        self, charger: Charger, kind: CommandKind, connector: int | None = None, *, by: str = "staff", **values: Any
    ) -> DeviceCommand:
        async with self.database.session(self.actors[by]) as session:
            return await commands.request(session, charger_id=charger.id, kind=kind, connector=connector, **values)

    async def command_row(self, id: UUID) -> DeviceCommand:
        async with self.database.session(SYSTEM) as session:
            return await session.get_one(DeviceCommand, id)


def device(charger: Charger) -> Device:
    return Device(charger.id, charger.entity_id, charger.identity)


def process() -> str:
    """A name that no other process has."""
    return f"test:{uuid4().hex}"


async def park(database: Database) -> Park:
    """A car park of its own."""
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner, owner = await factories.organization(session, entity), await factories.person(session, entity)
        driver, team = await factories.person(session, entity), await factories.team(session)
        elsewhere = await factories.business_entity(session)
        actors = {
            "staff": await factories.actor_with(session, Role.OPERATIONS, entity),
            "technician": await factories.actor_with(session, Role.TECHNICIAN, entity, team_id=team.id),
            "partner": await factories.actor_with(session, Role.PARTNER_ADMIN, entity, organization=partner),
            "owner": await factories.actor_with(session, Role.CHARGER_OWNER, entity, contact=owner),
            "driver": await factories.actor_with(session, Role.EV_DRIVER, entity, contact=driver),
            "stranger": await factories.actor_with(session, Role.TENANT_ADMIN, elsewhere),
        }
        return Park(database, entity, partner, owner, actors)


_SHARED: dict[str, Park] = {}


async def shared(database: Database) -> Park:
    """A car park that tests share which look at their own chargers only: making one takes longer than most of them."""
    if database.url not in _SHARED:
        _SHARED[database.url] = await park(database)
    return _SHARED[database.url]
