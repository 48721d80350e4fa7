"""The clients that somebody administers: keys and applications of its organizations, portals of its entity."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import FieldPath, NotFound, PermissionDenied
from domain.rows import find
from domain.trusted_documents.errors import NotYourself
from domain.trusted_documents.models import TrustedDocument
from tenants.acting import acting_as
from tenants.actor import Actor, ClientKind
from tenants.auth.models import ApiKey, OAuthClient
from tenants.models import Brand
from tenants.permissions import Permission

ClientRow: TypeAlias = ApiKey | OAuthClient | Brand
_MODELS: dict[ClientKind, type[ClientRow]] = {
    ClientKind.API_KEY: ApiKey,
    ClientKind.OAUTH_CLIENT: OAuthClient,
    ClientKind.PORTAL: Brand,
}
_COLUMNS = {
    ClientKind.API_KEY: TrustedDocument.api_key_id,
    ClientKind.OAUTH_CLIENT: TrustedDocument.oauth_client_id,
    ClientKind.PORTAL: TrustedDocument.brand_id,
}
_FIELD: FieldPath = ("client_id",)


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A client by kind and id."""

    kind: ClientKind
    id: UUID

    @property
    def column(self) -> str:
        """The column of `trusted_document` that names it."""
        return _COLUMNS[self.kind].key


async def administered(session: AsyncSession, actor: Actor, key: ClientKey) -> ClientRow:
    """The client, locked. `session` is the platform's.

    Raises: NotFound, PermissionDenied for a portal, NotYourself
    """
    if actor.client and actor.client.id == key.id and key.kind is not ClientKind.PORTAL:
        raise NotYourself(field=_FIELD)
    if actor.user_id is None and actor.client:
        await _check_same_owner(session, actor, key)
    else:
        async with acting_as(session, actor):
            await _check_seen(session, actor, key)
    return await find(session, _MODELS[key.kind], key.id, lock=True, field=_FIELD)


async def channel_of(session: AsyncSession, client: ClientRow) -> list[UUID]:
    """The chain of the client's organization: who may know what happens to it."""
    organization_id = getattr(client, "organization_id", None)
    if organization_id is None:
        return []
    chain = await session.scalar(select(Contact.chain_organization_ids).where(Contact.id == organization_id))
    return list(chain or ())


async def _check_seen(session: AsyncSession, actor: Actor, key: ClientKey) -> None:
    await find(session, _MODELS[key.kind], key.id, field=_FIELD)
    if key.kind is ClientKind.PORTAL and not actor.may(Permission.BRANDS_WRITE):
        raise PermissionDenied(field=_FIELD)


async def _check_same_owner(session: AsyncSession, actor: Actor, key: ClientKey) -> None:
    """A key or application on its own, as a deployment uses one: for the clients of its own organization or entity."""
    client = await find(session, _MODELS[key.kind], key.id, field=_FIELD)
    if client.entity_id not in actor.entity_ids or getattr(client, "organization_id", None) != actor.organization_id:
        raise NotFound(field=_FIELD)
