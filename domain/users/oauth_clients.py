"""Applications that act for a user, or for a partner on their own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Contact
from domain.errors import InvalidState, NotAChoice, Required, TooMany
from domain.events.record import Payload, record
from domain.rows import find
from domain.users import events
from domain.users.errors import RedirectUriInvalid
from domain.users.rights import check_scopes, entity_within, organization_within
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import clock, sessions
from tenants.auth.models import LoginSession, OAuthClient
from tenants.auth.oauth_client import GRANT_TYPES
from tenants.auth.sealing import fingerprint, random_secret

_MOST_REDIRECTS = 10
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


@dataclass(frozen=True)
class Wanted:
    """An application to register. A public one (a browser or phone app) keeps no secret and needs a person."""

    name: str
    scopes: Sequence[str]
    redirect_uris: Sequence[str] = ()
    grant_types: Sequence[str] = ("authorization_code", "refresh_token")
    public: bool = False
    entity_id: UUID | None = None
    organization_id: UUID | None = None


@dataclass(frozen=True)
class Made:
    """A client and its secret, which cannot be shown again; None for a public client."""

    client: OAuthClient
    secret: str | None


async def create(session: AsyncSession, actor: Actor, wanted: Wanted) -> Made:
    """Register an application of an organization or entity that the actor administers. `session` is the platform's."""
    entity_id = await entity_within(session, actor, wanted.entity_id)
    organization = await organization_within(session, actor, wanted.organization_id, entity_id)
    organization_id = organization.id if organization else None
    grant_types = _grant_types(wanted)
    alone = "client_credentials" in grant_types
    secret = None if wanted.public else random_secret()
    client = OAuthClient(
        entity_id=entity_id,
        organization_id=organization_id,
        client_key=f"ccc_{random_secret(15)}",
        secret_hash=fingerprint(secret) if secret else None,
        name=validation.name(wanted.name, "name", maximum=100),
        redirect_uris=_redirect_uris(wanted, grant_types),
        grant_types=grant_types,
        scopes=check_scopes(actor, wanted.scopes, organization_id, person=not alone),
        created_by_user_id=actor.user_id,
    )
    session.add(client)
    await session.flush()
    await _record(session, client, events.OAuthClientCreated(client.client_key, list(client.scopes)))
    return Made(client, secret)


async def rotate_secret(session: AsyncSession, actor: Actor, id: UUID) -> Made:
    """A new secret at once; tokens that were issued stay valid."""
    client = await _mine(session, actor, id)
    if client.revoked_at is not None or client.secret_hash is None:
        raise InvalidState(current="REVOKED" if client.revoked_at else "PUBLIC", wanted="rotate", field=("id",))
    secret = random_secret()
    client.secret_hash = fingerprint(secret)
    await _record(session, client, events.OAuthClientSecretRotated(client.client_key))
    return Made(client, secret)


async def revoke(session: AsyncSession, actor: Actor, id: UUID) -> OAuthClient:
    """Withdraw an application and everything that was issued to it."""
    client = await _mine(session, actor, id)
    if client.revoked_at is None:
        client.revoked_at = clock.now()
        await sessions.end(session, LoginSession.client_id == client.id, "application withdrawn")
        await _record(session, client, events.OAuthClientRevoked(client.client_key))
    return client


def check_redirect_uri(uri: str, position: int) -> str:
    """OAuth 2.1 §2.3.1 and RFC 8252: https, http to the device itself, or a private scheme in reverse domain form."""
    field = ("redirect_uris", position)
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError as error:
        raise RedirectUriInvalid(field=field) from error
    plain = uri.isascii() and uri.isprintable() and " " not in uri and len(uri) <= 500
    if not plain or "#" in uri or parts.username is not None or not _allowed(parts.scheme, host):
        raise RedirectUriInvalid(field=field)
    return uri


def _allowed(scheme: str, host: str) -> bool:
    if scheme == "https":
        return bool(_HOST.fullmatch(host))
    if scheme == "http":
        return host == "localhost" or _is_loopback(host)
    return bool(_PRIVATE_SCHEME.fullmatch(scheme))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _grant_types(wanted: Wanted) -> list[str]:
    allowed = GRANT_TYPES[:2] if wanted.public else GRANT_TYPES
    for position, grant_type in enumerate(wanted.grant_types):
        if grant_type not in allowed:
            raise NotAChoice(choices=", ".join(allowed), field=("grant_types", position))
    if not wanted.grant_types:
        raise Required(field=("grant_types",))
    return sorted(set(wanted.grant_types))


def _redirect_uris(wanted: Wanted, grant_types: list[str]) -> list[str]:
    if len(wanted.redirect_uris) > _MOST_REDIRECTS:
        raise TooMany(maximum=_MOST_REDIRECTS, field=("redirect_uris",))
    if "authorization_code" in grant_types and not wanted.redirect_uris:
        raise Required(field=("redirect_uris",))
    return [check_redirect_uri(uri, position) for position, uri in enumerate(wanted.redirect_uris)]


async def _mine(session: AsyncSession, actor: Actor, id: UUID) -> OAuthClient:
    """The client, locked, where the actor sees it."""
    async with acting_as(session, actor):
        await find(session, OAuthClient, id)
    return await find(session, OAuthClient, id, lock=True)


async def _record(session: AsyncSession, client: OAuthClient, happened: Payload) -> None:
    chain = select(Contact.chain_organization_ids).where(Contact.id == client.organization_id)
    await record(
        session,
        happened,
        entity_id=client.entity_id,
        subject_id=client.id,
        organization_ids=[client.organization_id],
        channel=(await session.scalar(chain) or ()) if client.organization_id else (),
    )
