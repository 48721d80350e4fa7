"""Business entities, partners and people for tests of leads, and a lead in one call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import ArticleCategory
from domain.contacts.addresses import AddressDetails
from domain.contacts.models import Contact, Exactness
from domain.geo.location import AddressFlag
from domain.leads.defaults import ANY
from domain.leads.intake import save_questionnaire
from domain.leads.models import Lead
from domain.leads.questions import Question
from domain.leads.scoring import CarPower
from domain.leads.submission import Interests, Submission, checked
from domain.leads.submit import Taken, Where, submit
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.engine import Database
from tenants.models import Brand, BusinessEntity
from tenants.permissions import Role
from tests import factories

NIJKERK = AddressDetails(
    "3861AB", "1", street="Dorpsstraat", city="Nijkerk", latitude=52.22, longitude=5.48, exactness=Exactness.PC4
)
ELSEWHERE = replace(NIJKERK, postal_code="3861AC", house_number="2")
UNKNOWN = replace(
    NIJKERK, latitude=None, longitude=None, exactness=Exactness.NONE, flag_reason=AddressFlag.POSTCODE_UNKNOWN
)
KEEN = Interests(ArticleCategory.CHARGING_STATION, "Alfen Eve", True, "Kia EV6", CarPower.ELECTRIC)
AT_HOME = {"home_owner": True, "car_power": "ELECTRIC"}
COMPLETE = AT_HOME | {"mounting": "WALL", "meter_box_distance": 3, "grid_phases": "3"}


@dataclass
class World:
    """An entity with its portal, its admin, a partner of it with a dealer below, and one of its people."""

    database: Database
    entity: BusinessEntity
    brand: Brand
    admin: Actor
    partner: Contact
    dealer: Contact
    dealer_user: Actor

    @property
    def visitor(self) -> Actor:
        return anonymous(self.entity.id)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncSession]:
        async with self.database.session(SYSTEM) as session:
            yield session

    async def take(
        self,
        by: Actor | None = None,
        *,
        address: AddressDetails | None = None,
        where: Where | None = None,
        **given: Any,
    ) -> Taken:
        """Submit a lead, by a visitor of the portal unless told otherwise."""
        said = {"name": "Jan Jansen", "email": f"{uuid4().hex}@example.nl"} | given
        async with self.system() as session:
            here = where or Where(self.entity.id, self.brand.host)
            return await submit(session, by or self.visitor, here, checked(Submission(**said)), address)

    async def lead(self, by: Actor | None = None, **given: Any) -> Lead:
        return (await self.take(by, **given)).lead

    async def ask(self, questions: tuple[Question, ...] = ANY.questions) -> None:
        """Give the entity a questionnaire."""
        async with self.system() as session:
            await save_questionnaire(session, self.entity.id, "Intake", questions)

    async def customer(self, lead: Lead) -> Actor:
        """The login of the lead's contact."""
        async with self.system() as session:
            contact = await session.get_one(Contact, lead.contact_id)
            return await factories.actor_with(session, Role.CUSTOMER, self.entity, contact=contact)

    async def now(self, lead: Lead) -> Lead:
        """The lead as it is in the database."""
        async with self.system() as session:
            return await session.get_one(Lead, lead.id)


async def make(database: Database, **entity: Any) -> World:
    async with database.session(SYSTEM) as session:
        owner = await factories.business_entity(session, **entity)
        partner = await factories.organization(session, owner)
        dealer = await factories.organization(session, owner, partner)
        return World(
            database,
            owner,
            await factories.brand(session, owner),
            await factories.actor_with(session, Role.TENANT_ADMIN, owner),
            partner,
            dealer,
            await factories.actor_with(session, Role.PARTNER_USER, owner, organization=dealer),
        )
