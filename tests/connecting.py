"""Systems of partners: their keys, and the application behind a real server with a market to trade in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from api.app import create_app
from domain.contacts.models import Contact
from domain.partner_orders import integration, signing
from domain.users import api_keys
from domain.users.api_keys import Wanted
from tenants.actor import SYSTEM
from tenants.auth.scopes import scopes_of
from tenants.auth.standing import machine_role
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.settings import Settings
from tests.asking import SCHEMA
from tests.domain.partner_orders.trade import Trade, trade
from tests.serving import serving


async def key_of(
    session: AsyncSession, entity: BusinessEntity, *scopes: str, organization: Contact | None = None
) -> str:
    """A key, by default with every scope that it can have."""
    id = organization.id if organization else None
    wanted = Wanted("Key", scopes or scopes_of(machine_role(id), person=False), entity.id, id)
    return (await api_keys.create(session, SYSTEM, wanted)).shown_once


@dataclass
class Connected:
    """The address of the application, a trade, keys of its dealer and of the entity, and the dealer's secret."""

    url: str
    trade: Trade
    key: str
    entity_key: str
    secret: str


@asynccontextmanager
async def connected(database: Database, settings: Settings) -> AsyncIterator[Connected]:
    """The application of these settings, served."""
    made = await trade(database)
    market = made.market
    async with database.session(SYSTEM) as session:
        key = await key_of(session, market.entity, organization=market.dealer)
        entity_key = await key_of(session, market.entity)
        kept = await integration.of(session, market.entity.id, market.master.id)
        kept.requests_per_minute = 1_000
        secret = (await signing.rotate(session, settings, kept)).secret
    app = create_app(settings, SCHEMA)
    async with serving(app) as url:
        yield Connected(url, made, key, entity_key, secret)
