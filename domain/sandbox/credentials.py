"""Keys, signing secrets and endpoints of a sandbox: made by who sees the sandbox, shown once, void outside of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.partner_orders import signing
from domain.sandbox import events, faulting
from domain.sandbox.making import twin_integration
from domain.sandbox.models import PartnerSandbox
from domain.users import api_keys
from domain.webhooks import service as webhooks
from domain.webhooks.service import Here
from tenants.actor import Actor
from tenants.permissions import PERMISSIONS_OF, Role
from tenants.settings import Settings

SCOPES = ("catalog:read", "orders:read", "partner-orders:read", "partner-orders:submit", "quotes:read")
"""What a key of a sandbox may do: what is needed to order and to follow orders, and nothing that reaches further."""


async def make_key(session: AsyncSession, by: Actor, sandbox: PartnerSandbox, name: str) -> api_keys.Made:
    """A key of the twin. Raises what `api_keys.create` does."""
    wanted = api_keys.Wanted(name, SCOPES, sandbox.sandbox_entity_id, sandbox.sandbox_organization_id)
    made = await api_keys.create(session, inside(by, sandbox), wanted)
    await events.tell(session, sandbox, events.SandboxCredentialsMade("API_KEY"))
    return made


async def make_signing_secret(session: AsyncSession, settings: Settings, sandbox: PartnerSandbox) -> signing.Made:
    """A secret to sign requests with; those before hold for a day."""
    made = await signing.rotate(session, settings, await twin_integration(session, sandbox))
    await events.tell(session, sandbox, events.SandboxCredentialsMade("SIGNING_SECRET"))
    return made


async def make_endpoint(
    session: AsyncSession, here: Here, by: Actor, sandbox: PartnerSandbox, given: Mapping[str, Any]
) -> webhooks.Made:
    """An endpoint that the sandbox's messages go to. Raises what `webhooks.create` does."""
    made = await webhooks.create(
        session,
        here,
        inside(by, sandbox),
        {"mail_fallback": False, "contact_emails": [], **given},
        entity_id=sandbox.sandbox_entity_id,
        organization_id=sandbox.sandbox_organization_id,
    )
    await faulting.apply(session, sandbox, {})
    await events.tell(session, sandbox, events.SandboxCredentialsMade("WEBHOOK"))
    return made


def inside(by: Actor, sandbox: PartnerSandbox) -> Actor:
    """Who asks, as an administrator of the twin: whoever manages a partner's integration manages its sandbox."""
    return replace(
        by,
        role=Role.PARTNER_ADMIN,
        entity_ids=(sandbox.sandbox_entity_id,),
        organization_id=sandbox.sandbox_organization_id,
        contact_id=None,
        team_id=None,
        permissions=PERMISSIONS_OF[Role.PARTNER_ADMIN],
    )
