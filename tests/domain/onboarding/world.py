"""An entity with its portal, its administrator and a visitor, and applications in one call."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import Article
from domain.mail import show
from domain.onboarding import applying, deciding, flow
from domain.onboarding.applying import Application, Where
from domain.onboarding.models import OnboardingStep, PartnerOnboarding, StepState, WayIn
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.engine import Database
from tenants.models import Brand, BusinessEntity
from tenants.permissions import Role
from tests import factories

KVK, VAT = "68750110", "NL123456782B01"


@dataclass
class World:
    """Where applications are made."""

    database: Database
    entity: BusinessEntity
    brand: Brand
    admin: Actor
    article: Article

    @property
    def visitor(self) -> Actor:
        return anonymous(self.entity.id)

    async def apply(self, by: Actor | None = None, **given: Any) -> PartnerOnboarding | None:
        """An application of a company that nobody knows; by staff unless somebody else is named."""
        where = {name: given.pop(name) for name in ("organization_id", "parent_id") if name in given}
        application = Application(**(_application() | given))
        values = applying.checked(application, "nl")
        async with self.database.session(SYSTEM) as session:
            place = Where(self.entity.id, self.brand.host, **where)
            return await applying.apply(session, by or self.admin, place, application.category, values)

    async def accepted(self, **given: Any) -> PartnerOnboarding:
        row = await self.apply(**given)
        assert row is not None
        async with self.database.session(SYSTEM) as session:
            return await deciding.accept(session, self.admin, row.id, "known to us for years")

    async def proceed(self, row: PartnerOnboarding) -> PartnerOnboarding:
        async with self.database.session(SYSTEM) as session:
            return await flow.proceed(session, row.id)

    async def waive(self, row: PartnerOnboarding, *codes: str) -> None:
        """Go without steps, or judge them done where one may not."""
        for code in codes:
            async with self.database.session(SYSTEM) as session:
                step = await self.step(session, row.id, code)
                state = StepState.DONE if code == "SIGNATURE" else StepState.WAIVED
                await deciding.settle_step(session, self.admin, step.id, state, "on paper")

    async def states(self, row: PartnerOnboarding) -> dict[str, str]:
        async with self.database.session(SYSTEM) as session:
            found = await session.execute(
                select(OnboardingStep.code, OnboardingStep.state).filter_by(onboarding_id=row.id)
            )
            return {code: state for code, state in found}

    async def step(self, session: AsyncSession, id: UUID, code: str) -> OnboardingStep:
        return (await session.scalars(select(OnboardingStep).filter_by(onboarding_id=id, code=code))).one()

    async def mails(self, to: str) -> list[str]:
        return [mail.body for mail in await show.latest(self.database, 20, to)]


def _application() -> dict[str, Any]:
    return {
        "category": "LEAD_TRANSFER",
        "way_in": WayIn.PORTAL,
        "company_name": factories.unique("Zonnig "),
        "contact_name": "Ans de Boer",
        "email": f"{factories.unique('ans')}@example.nl",
        "kvk_number": KVK,
    }


async def make(database: Database) -> World:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        brand = await factories.brand(session, entity)
        admin = await factories.actor_with(session, Role.TENANT_ADMIN, entity)
        article = await factories.article(session, entity, 100_00)
    return World(database, entity, brand, admin, article)
