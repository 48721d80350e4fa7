"""What a login session or an API key stands for at this moment, as far as five seconds ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import aliased

from tenants.actor import SYSTEM, Actor, Client, ClientKind
from tenants.auth import clock
from tenants.auth.memory import Memory
from tenants.auth.models import ApiKey, LoginSession, OAuthClient
from tenants.auth.scopes import permissions_within
from tenants.engine import Database
from tenants.models import Membership, MembershipStatus, UserAccount, UserStatus
from tenants.permissions import Role

SESSIONS: Memory[UUID, "Standing | None"] = Memory()
KEYS: Memory[str, "KeyStanding | None"] = Memory()
_USE_IS_NOTED_AFTER = 60.0


@dataclass(frozen=True)
class Standing:
    """A login session: whose it is, whether it still holds, and the actor it stands for."""

    actor: Actor
    subject: UUID
    membership_id: UUID | None
    security_version: int
    holds: bool


@dataclass(frozen=True)
class KeyStanding:
    """An API key: the hash of its secret, whether it still holds, and the actor it stands for."""

    id: UUID
    actor: Actor
    secret_hash: str
    revoked: bool
    expires_at: datetime | None
    last_used_at: datetime | None


async def session_standing(database: Database, session_id: UUID) -> Standing | None:
    """The standing of a login session; None where there is none."""
    return await SESSIONS.get(database, session_id, lambda: _read_session(database, session_id))


async def key_standing(database: Database, prefix: str) -> KeyStanding | None:
    """The standing of the API key with this prefix; None where there is none."""
    return await KEYS.get(database, prefix, lambda: read_key(database, prefix))


def forget(database: Database) -> None:
    """Ask the database again next time, in this process."""
    SESSIONS.forget(database)
    KEYS.forget(database)


async def note_use(database: Database, key: KeyStanding) -> None:
    """Keep when a key was last used, exact to the minute."""
    now = clock.now()
    if key.last_used_at and (now - key.last_used_at).total_seconds() < _USE_IS_NOTED_AFTER:
        return
    async with database.session(SYSTEM) as session:
        due = ApiKey.last_used_at.is_(None) | (ApiKey.last_used_at < now)
        await session.execute(update(ApiKey).where(ApiKey.id == key.id, due).values(last_used_at=now))
    KEYS.forget(database)


def entities_in_role(membership: Any) -> Select[Any]:
    """The entities in which the user of `membership` holds the same role for the same party."""
    other = aliased(Membership)
    return select(func.array_agg(other.entity_id)).where(
        other.user_id == membership.user_id,
        other.role == membership.role,
        other.status == MembershipStatus.ACTIVE,
        other.entity_id.is_not(None),
        other.organization_id.is_not_distinct_from(membership.organization_id),
        other.contact_id.is_not_distinct_from(membership.contact_id),
        other.team_id.is_not_distinct_from(membership.team_id),
    )


async def _read_session(database: Database, session_id: UUID) -> Standing | None:
    query = (
        select(LoginSession, UserAccount, Membership, OAuthClient, entities_in_role(Membership).scalar_subquery())
        .outerjoin(UserAccount, UserAccount.id == LoginSession.user_id)
        .outerjoin(Membership, Membership.id == LoginSession.membership_id)
        .outerjoin(OAuthClient, OAuthClient.id == LoginSession.client_id)
        .where(LoginSession.id == session_id)
    )
    async with database.session(SYSTEM) as session:
        row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    login, user, membership, client, entities = row
    if user is None:
        return of_client(login, client)
    return of_user(login, user, membership, client, entities)


def of_user(
    login: LoginSession, user: UserAccount, membership: Membership, client: OAuthClient | None, entities: Any
) -> Standing:
    """What a login of a person stands for."""
    member = membership.status == MembershipStatus.ACTIVE and user.status == UserStatus.ACTIVE
    role = Role(membership.role)
    actor = Actor(
        role=role,
        entity_ids=_entities(login, entities or ()),
        user_id=user.id,
        organization_id=membership.organization_id,
        contact_id=membership.contact_id,
        team_id=membership.team_id,
        permissions=permissions_within(role, login.scopes),
        language=user.language,
        name=user.name,
        strong=login.strong,
        client=_application(client) if client else None,
    )
    holds = member and _open(login) and (client is None or client.revoked_at is None)
    return Standing(actor, user.id, membership.id, user.security_version, holds)


def _entities(login: LoginSession, entities: Sequence[UUID]) -> tuple[UUID, ...]:
    only = login.only_entity_id
    return tuple(sorted(id for id in entities if only is None or id == only))


def of_client(login: LoginSession, client: OAuthClient) -> Standing:
    """What a login of a machine stands for."""
    granted = set(login.scopes or ()) & set(client.scopes)
    actor = _machine(client.entity_id, client.organization_id, client.name, tuple(granted), _application(client))
    return Standing(actor, client.id, None, 0, _open(login) and client.revoked_at is None)


def _open(login: LoginSession) -> bool:
    return login.ended_at is None and login.expires_at > clock.now()


async def read_key(database: Database, prefix: str) -> KeyStanding | None:
    """What an API key stands for at this moment; None where there is none."""
    async with database.session(SYSTEM) as session:
        key = (await session.execute(select(ApiKey).where(ApiKey.prefix == prefix))).scalar_one_or_none()
    if key is None:
        return None
    client = Client(ClientKind.API_KEY, key.id, key.restricted_to_trusted_documents)
    actor = _machine(key.entity_id, key.organization_id, key.name, tuple(key.scopes), client)
    return KeyStanding(key.id, actor, key.secret_hash, key.revoked_at is not None, key.expires_at, key.last_used_at)


def machine_role(organization_id: UUID | None) -> Role:
    """As what a key or an application acts: a user of its partner, or operations of the entity itself."""
    return Role.PARTNER_USER if organization_id else Role.OPERATIONS


def _machine(
    entity_id: UUID, organization_id: UUID | None, name: str, scopes: tuple[str, ...], client: Client
) -> Actor:
    role = machine_role(organization_id)
    permissions = permissions_within(role, scopes)
    return Actor(role, (entity_id,), organization_id=organization_id, permissions=permissions, name=name, client=client)


def _application(client: OAuthClient) -> Client:
    return Client(ClientKind.OAUTH_CLIENT, client.id, client.restricted_to_trusted_documents)
