"""API keys: made and shown once, rotated with an overlap, withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Contact
from domain.errors import Conflict, InvalidState, OutOfRange
from domain.events.record import Payload, record
from domain.rows import find
from domain.trusted_documents import service as trusted_documents
from domain.users import events
from domain.users.rights import check_scopes, entity_within, organization_within
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import api_keys, clock
from tenants.auth.models import ApiKey

OVERLAP = timedelta(days=7)
_LONGEST_OVERLAP = timedelta(days=90)


@dataclass(frozen=True)
class Wanted:
    """A key to make; without an organization it is the entity's own. `expires_at` None: until it is withdrawn."""

    name: str
    scopes: Sequence[str]
    entity_id: UUID | None = None
    organization_id: UUID | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Made:
    """A key and the text to give to the other system; it is not kept and cannot be shown again."""

    key: ApiKey
    shown_once: str


async def create(session: AsyncSession, actor: Actor, wanted: Wanted) -> Made:
    """Make a key of an organization or entity that the actor administers. `session` is the platform's."""
    entity_id = await entity_within(session, actor, wanted.entity_id)
    organization = await organization_within(session, actor, wanted.organization_id, entity_id)
    organization_id = organization.id if organization else None
    scopes = check_scopes(actor, wanted.scopes, organization_id, person=False)
    _check_future(wanted.expires_at, "expires_at")
    made = await _add(
        session,
        entity_id=entity_id,
        organization_id=organization_id,
        name=validation.name(wanted.name, "name", maximum=100),
        scopes=scopes,
        expires_at=wanted.expires_at,
        created_by_user_id=actor.user_id,
    )
    await _record(session, made.key, events.ApiKeyCreated(made.key.prefix, scopes))
    return made


async def rotate(session: AsyncSession, actor: Actor, id: UUID, old_valid_until: datetime | None = None) -> Made:
    """A new key with the same rights; the old one lives on until then, by default seven days."""
    old = await _mine(session, actor, id)
    _check_alive(old, "rotate")
    if (await session.execute(select(ApiKey.id).where(ApiKey.rotated_from_id == old.id))).first():
        raise Conflict(field=("id",))
    check_scopes(actor, old.scopes, old.organization_id, person=False)
    until = _end_of_overlap(old_valid_until)
    made = await _add(
        session,
        entity_id=old.entity_id,
        organization_id=old.organization_id,
        name=old.name,
        scopes=list(old.scopes),
        expires_at=old.expires_at,
        rotated_from_id=old.id,
        created_by_user_id=actor.user_id,
    )
    await trusted_documents.hand_over(session, old, made.key)
    old.expires_at = min(until, old.expires_at or until)
    rotated = events.ApiKeyRotated(made.key.prefix, old.prefix, old.expires_at.isoformat())
    await _record(session, made.key, rotated)
    return made


async def revoke(session: AsyncSession, actor: Actor, id: UUID) -> ApiKey:
    """Withdraw a key at once; doing it again changes nothing."""
    key = await _mine(session, actor, id)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        await _record(session, key, events.ApiKeyRevoked(key.prefix))
    return key


async def _mine(session: AsyncSession, actor: Actor, id: UUID) -> ApiKey:
    """The key, locked, where the actor sees it."""
    async with acting_as(session, actor):
        await find(session, ApiKey, id)
    return await find(session, ApiKey, id, lock=True)


async def _add(session: AsyncSession, **values: object) -> Made:
    new = api_keys.generate()
    key = ApiKey(prefix=new.prefix, secret_hash=new.secret_hash, **values)
    session.add(key)
    await session.flush()
    return Made(key, new.shown_once)


def _check_alive(key: ApiKey, wanted: str) -> None:
    if key.revoked_at is not None:
        raise InvalidState(current="REVOKED", wanted=wanted, field=("id",))
    if key.expires_at is not None and key.expires_at <= clock.now():
        raise InvalidState(current="EXPIRED", wanted=wanted, field=("id",))


def _check_future(at: datetime | None, field: str) -> None:
    if at is not None and at <= clock.now():
        raise OutOfRange(minimum=clock.now().isoformat(), maximum="∞", field=(field,))


def _end_of_overlap(asked: datetime | None) -> datetime:
    """Now is allowed: the old key was stolen."""
    now = clock.now()
    until = asked or now + OVERLAP
    if until > now + _LONGEST_OVERLAP:
        raise OutOfRange(
            minimum=now.isoformat(), maximum=(now + _LONGEST_OVERLAP).isoformat(), field=("old_valid_until",)
        )
    return max(until, now)


async def _record(session: AsyncSession, key: ApiKey, happened: Payload) -> None:
    chain = select(Contact.chain_organization_ids).where(Contact.id == key.organization_id)
    await record(
        session,
        happened,
        entity_id=key.entity_id,
        subject_id=key.id,
        organization_ids=[key.organization_id],
        channel=(await session.scalar(chain) or ()) if key.organization_id else (),
    )
