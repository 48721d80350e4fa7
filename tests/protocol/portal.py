"""A portal of its own entity, with people who are logged in at it, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from starlette.applications import Starlette

from api.app import create_app
from domain.contacts.models import Contact
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.auth.sessions import access_token_for
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.permissions import AUDIENCE_OF, Role
from tenants.settings import Settings
from tests import factories


@dataclass
class Portal:
    """The application as seen at one host."""

    app: Starlette
    database: Database
    settings: Settings
    entity_id: UUID
    brand_id: UUID
    organization_id: UUID
    host: str
    http: httpx.AsyncClient
    tokens: dict[Role, str] = field(default_factory=dict)

    async def log_in(self, role: Role) -> dict[str, str]:
        """The Authorization header of somebody in this role."""
        if role not in self.tokens:
            self.tokens[role] = await access_token_for(
                self.database, self.settings, await self._member(role), host=self.host
            )
        return {"authorization": f"Bearer {self.tokens[role]}"}

    async def post(self, body: Any = None, headers: dict[str, str] | None = None, **given: Any) -> httpx.Response:
        """POST /graphql."""
        return await self.http.post("/graphql", json=body, headers=headers, **given)

    async def ask(self, query: str, role: Role | None = None, /, **variables: Any) -> Any:
        """The data; an error fails the test."""
        headers = await self.log_in(role) if role else None
        answer = (await self.post({"query": query, "variables": variables}, headers)).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def _member(self, role: Role) -> UUID:
        async with self.database.session(SYSTEM) as session:
            entity = await session.get_one(BusinessEntity, self.entity_id)
            partner = AUDIENCE_OF[role] is Audience.PARTNER
            organization = await session.get_one(Contact, self.organization_id) if partner else None
            contact = await factories.person(session, entity) if AUDIENCE_OF[role] is Audience.CUSTOMER else None
            somebody = await factories.user(session)
            member = await factories.membership(
                session,
                somebody,
                role,
                entity if role is not Role.PLATFORM_ADMIN else None,
                organization=organization,
                contact=contact,
            )
            return member.id


@asynccontextmanager
async def portal(settings: Settings, database: Database, **changes: Any) -> AsyncIterator[Portal]:
    """A new portal of the application with changed settings."""
    changed = settings.model_copy(update=changes)
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        brand = await factories.brand(session, entity)
        partner = await factories.organization(session, entity)
    app = create_app(changed)
    transport = httpx.ASGITransport(app, client=("203.0.113.9", 4000), raise_app_exceptions=False)
    base_url = f"http://{brand.host}:{changed.port}"
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=base_url) as http,
    ):
        yield Portal(app, database, changed, entity.id, brand.id, partner.id, brand.host, http)
