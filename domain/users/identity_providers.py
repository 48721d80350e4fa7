"""An entity's own OpenID Connect providers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import InvalidInput
from domain.events.record import record
from domain.rows import find
from domain.users import events
from domain.users.errors import IssuerInvalid, RoleNotGrantable
from domain.users.rights import entity_within
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth.models import IdentityProvider
from tenants.auth.oidc import EMPLOYEES, sealed_secret
from tenants.permissions import Role
from tenants.settings import Settings

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


@dataclass(frozen=True)
class Wanted:
    """A provider to add, or what to change of one; None leaves it as it is."""

    name: str | None = None
    issuer: str | None = None
    client_key: str | None = None
    client_secret: str | None = None
    email_domains: Sequence[str] | None = None
    default_role: Role | None = None
    enabled: bool | None = None


async def create(
    session: AsyncSession, settings: Settings, actor: Actor, entity_id: UUID | None, wanted: Wanted
) -> IdentityProvider:
    """Add a provider to an entity that the actor administers. `session` is the platform's."""
    made = IdentityProvider(id=uuid4(), entity_id=await entity_within(session, actor, entity_id), client_secret=b"")
    made.name = made.issuer = made.client_key = ""
    required = {"name": wanted.name, "issuer": wanted.issuer, "client_id": wanted.client_key}
    for field, value in {**required, "client_secret": wanted.client_secret}.items():
        validation.text(value or "", field, maximum=500)
    _apply(settings, made, wanted)
    session.add(made)
    await session.flush()
    await _record(session, made, events.IdentityProviderCreated(made.issuer))
    return made


async def update(session: AsyncSession, settings: Settings, actor: Actor, id: UUID, wanted: Wanted) -> IdentityProvider:
    """Change a provider that the actor sees; its issuer stays, because people are known by it."""
    async with acting_as(session, actor):
        await find(session, IdentityProvider, id)
    kept = await find(session, IdentityProvider, id, lock=True)
    if wanted.issuer is not None and wanted.issuer != kept.issuer:
        raise IssuerInvalid(field=("issuer",))
    _apply(settings, kept, wanted)
    await session.flush()
    await _record(session, kept, events.IdentityProviderUpdated(kept.issuer))
    return kept


def check_issuer(settings: Settings, issuer: str) -> str:
    """OpenID Connect Discovery §3; http only for a provider on this machine while developing."""
    try:
        parts = urlsplit(issuer)
        host = parts.hostname
    except ValueError as error:
        raise IssuerInvalid(field=("issuer",)) from error
    local = not settings.production and host in ("localhost", "127.0.0.1", "::1")
    extra = parts.query or parts.fragment or "?" in issuer or "#" in issuer or parts.username is not None
    if not host or extra or len(issuer) > 500 or parts.scheme not in (("https", "http") if local else ("https",)):
        raise IssuerInvalid(field=("issuer",))
    return issuer


def _apply(settings: Settings, row: IdentityProvider, wanted: Wanted) -> None:
    if wanted.name is not None:
        row.name = validation.name(wanted.name, "name", maximum=100)
    if wanted.issuer is not None:
        row.issuer = check_issuer(settings, wanted.issuer)
    if wanted.client_key is not None:
        row.client_key = validation.name(wanted.client_key, "client_id", maximum=500)
    if wanted.client_secret is not None:
        row.client_secret = sealed_secret(settings, row.id, validation.name(wanted.client_secret, "client_secret"))
    if wanted.email_domains is not None:
        row.email_domains = [_domain(text, place) for place, text in enumerate(wanted.email_domains)]
    if wanted.default_role is not None:
        row.default_role = _role(wanted.default_role)
    if wanted.enabled is not None:
        row.enabled = wanted.enabled


def _domain(text: str, place: int) -> str:
    domain = text.strip().lower()
    if not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise InvalidInput(field=("email_domains", place))
    return domain


def _role(role: Role) -> str:
    if role not in EMPLOYEES:
        raise RoleNotGrantable(field=("default_role",))
    return role.value


async def _record(
    session: AsyncSession,
    row: IdentityProvider,
    happened: events.IdentityProviderCreated | events.IdentityProviderUpdated,
) -> None:
    await record(session, happened, entity_id=row.entity_id, subject_id=row.id)
