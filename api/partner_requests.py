"""A partner's program at one of our endpoints: who it is, which partner it speaks for, how often, from where, and
whether it signed what it sends."""

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from api.context import Context
from api.guards import entity_of, hold, require
from api.refusals import tell_headers, tell_language
from api.requests import RequestError, context_of
from domain.agreements.partner_terms import terms_for
from domain.contacts.models import Contact, ContactType
from domain.errors import NotFound, RateLimited
from domain.partner_orders import integration, signing
from domain.partner_orders.models import PartnerIntegration
from domain.partner_orders.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, Secret
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth.scopes import SCOPE_OF
from tenants.permissions import Permission
from tenants.rate import turn

T = TypeVar("T")

_JSON = "application/json"
_SECONDS = 60
_ATTEMPTS = 3
_CONTENDED = frozenset({"40001", "40P01"})
"""serialization_failure, deadlock_detected"""
_MOST_UNKNOWN = 120
"""Partners that one key may ask for in vain, per minute."""
_CODE = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that may speak for a partner, within its limits; nothing of the request's body is believed yet."""

    context: Context
    entity_id: UUID
    organization: Contact
    integration: PartnerIntegration
    secrets: list[Secret]

    @property
    def actor(self) -> Actor:
        return self.context.actor

    async def body(self, request: Request) -> bytes:
        """The raw body, its signature checked where one is required or given. Raises: SignatureFault."""
        given = request.headers.get(TIMESTAMP_HEADER), request.headers.get(SIGNATURE_HEADER)
        if self.integration.signature_required and not all(given):
            signing.verify((), *given, b"", integration.now(self.integration))
        body = await request.body()
        if self.integration.signature_required or any(given):
            used = signing.verify(self.secrets, *given, body, integration.now(self.integration))
            async with self.context.system() as session:
                await signing.used(session, used.id)
        return body


async def caller_of(request: Request, permission: Permission = Permission.PARTNER_ORDERS_SUBMIT) -> Caller:
    """Who calls `/partners/{partner_id}/…`. Raises: RequestError, NotFound, RateLimited, AddressNotAllowed."""
    context = await context_of(request)
    actor = context.actor
    tell_language(request, context.language)
    ours = actor.audience in (Audience.PARTNER, Audience.STAFF)
    words = f"The key needs the scope {SCOPE_OF[permission]}."
    require(actor, ours and actor.may(permission), words, send="an API key or token")
    entity_id = _entity(request, actor)
    async with context.system() as session:
        organization = await _organization(session, actor, entity_id, request.path_params["partner_id"])
        if organization is None:
            await hold(request, f"partner-unknown:{_caller(request, actor)}", _MOST_UNKNOWN, _SECONDS)
            raise NotFound(field=("partner_id",))
        chain = list(organization.chain_organization_ids) or [organization.id]
        kept = await integration.governing(session, entity_id, chain)
        secrets = await signing.secrets_of(session, context.settings, kept)
        terms = await terms_for(session, entity_id, organization.id)
        session.expunge_all()
    await _hold(request, context, min(kept.requests_per_minute, terms.requests_per_minute or kept.requests_per_minute))
    integration.require_allowed(kept, context.request.ip_address)
    return Caller(context, entity_id, organization, kept, secrets)


async def retried(work: Callable[[], Awaitable[T]]) -> T:
    """What a transaction of its own gives; a deadlock or a lost serialization lets it run again, three times in all."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return await work()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _CONTENDED:
                raise
        await asyncio.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311  # spreads the contenders, no secret
    return await work()


def require_json(request: Request) -> None:
    """Raise RequestError (415) unless the body is JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", f"Send Content-Type: {_JSON}.")


def _entity(request: Request, actor: Actor) -> UUID:
    """The only entity of the key, else that of `?entityId=`."""
    if len(actor.entity_ids) == 1:
        return actor.entity_ids[0]
    found = entity_of(request)
    if found not in actor.entity_ids:
        raise NotFound(field=("entity_id",))
    return found


async def _organization(session: AsyncSession, actor: Actor, entity_id: UUID, named: str) -> Contact | None:
    """By its code or id, as the actor sees it: of its subtree for a partner."""
    query = select(Contact).where(
        Contact.contact_type == ContactType.ORGANIZATION, Contact.merged_into_id.is_(None), Contact.erased_at.is_(None)
    )
    id, code = _uuid(named), named.strip().lower()
    query = query.where(Contact.id == id if id else Contact.partner_code == code)
    async with acting_as(session, actor):
        known = id is not None or _CODE.fullmatch(code)
        found = (await session.execute(query)).scalar_one_or_none() if known else None
    beyond = (
        found is not None
        and actor.audience is Audience.PARTNER
        and actor.organization_id not in (found.chain_organization_ids or [found.id])
    )
    return None if found is None or beyond or entity_id not in found.entity_ids else found


def _uuid(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None


async def _hold(request: Request, context: Context, limit: int) -> None:
    """Count this request of this key; every answer says how many are left."""
    caller = f"partner:{_caller(request, context.actor)}"
    allowed = await turn(request.app.state.redis, caller, limit, _SECONDS)
    tell_headers(request, allowed.headers)
    if not allowed.allowed:
        raise RateLimited(seconds=allowed.reset)


def _caller(request: Request, actor: Actor) -> str:
    """The key, application or person; tokens of one application are counted together."""
    if actor.user_id is None and actor.client is None:
        return hashlib.sha256(request.headers.get("authorization", "").encode()).hexdigest()[:32]
    return f"{actor.client and actor.client.id}:{actor.user_id}:{actor.organization_id}"
