"""Mapped webhooks: made, changed, given another mapping or secret; every mapping is kept.

`session` is the platform's, because secrets are read by nobody else; what the actor may do is checked as the actor.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import Faults, FieldPath, InvalidInput, NotFound, OutOfRange, Required, Stale
from domain.events.record import changes_of
from domain.rows import find
from domain.unique import refusing_taken
from domain.users.rights import entity_within, organization_within
from domain.ways_in import authentication, events
from domain.ways_in.errors import NoSecretToRotate, TooManyMappedWebhooks
from domain.ways_in.mapping import checked as checked_mapping
from domain.ways_in.models import MappedWebhook, MappingVersion
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.auth.sealing import random_secret
from tenants.settings import Settings

MOST = 20
LONGEST_NAME = 100
OVERLAP = timedelta(days=1)
_LONGEST_OVERLAP = timedelta(days=30)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_SLUG = 60
_SHOWN_IN_AUDIT = ("name", "active", "authentication")


class SlugInvalid(InvalidInput):
    """Part of an address."""

    code = "SLUG_INVALID"
    nl = "Alleen kleine letters en cijfers, met koppeltekens ertussen; hoogstens {maximum} tekens."
    en = "Small letters and digits only, with hyphens between them; at most {maximum} characters."


@dataclass(frozen=True)
class Made:
    """A webhook, and its secret where it has a new one; it cannot be shown again."""

    webhook: MappedWebhook
    secret: str | None


async def create(
    session: AsyncSession,
    settings: Settings,
    actor: Actor,
    given: Mapping[str, Any],
    *,
    entity_id: UUID | None = None,
    organization_id: UUID | None = None,
) -> Made:
    """Make one of the actor's organization; staff name one. `given`: slug, name, authentication, mapping, secret."""
    with Faults() as faults:
        slug_ = faults.take(slug, given.get("slug"), "slug")
        name = faults.take(lambda value: validation.name(value, maximum=LONGEST_NAME), given.get("name"), "name")
        proof = faults.take(authentication.checked, given.get("authentication") or {})
        faults.take(checked_mapping, given.get("mapping"))
        chosen = faults.take(authentication.checked_secret, given["secret"]) if given.get("secret") else None
    entity_id = await entity_within(session, actor, entity_id)
    owner = await partner_within(session, actor, organization_id, entity_id)
    await _require_room(session, entity_id, owner)
    hook = MappedWebhook(
        id=(await session.execute(select(func.uuidv7()))).scalar_one(),
        entity_id=entity_id,
        organization_id=owner,
        slug=slug_,
        name=name,
        authentication=proof,
        mapping=given["mapping"],
        created_by_user_id=actor.user_id,
    )
    secret = _give_secret(settings, hook, chosen)
    async with refusing_taken(session, uq_mapped_webhook_entity_id_organization_id_slug=("slug",)):
        session.add(hook)
    await _keep_version(session, hook, actor)
    await events.tell(session, hook, events.MappedWebhookCreated(hook.slug))
    return Made(hook, secret)


async def change(session: AsyncSession, settings: Settings, actor: Actor, id: UUID, given: Mapping[str, Any]) -> Made:
    """Change name, proof or whether it takes messages; what is not given stays. A proof may bring its `secret`."""
    hook = await mine(session, actor, id)
    with Faults() as faults:
        if "name" in given:
            hook.name = faults.take(lambda v: validation.name(v, maximum=LONGEST_NAME), given["name"], "name") or ""
        if given.get("active") is not None:
            hook.active = bool(given["active"])
        chosen = faults.take(authentication.checked_secret, given["secret"]) if given.get("secret") else None
        proof = faults.take(authentication.checked, given["authentication"]) if given.get("authentication") else None
    secret = _change_proof(settings, hook, proof, chosen)
    changes = {name: both for name, both in changes_of(hook).items() if name in _SHOWN_IN_AUDIT}
    await session.flush()
    if changes or secret:
        await events.tell(session, hook, events.MappedWebhookChanged(hook.active), changes)
    return Made(hook, secret)


def _change_proof(
    settings: Settings, hook: MappedWebhook, proof: dict[str, Any] | None, chosen: str | None
) -> str | None:
    before = hook.authentication["kind"]
    hook.authentication = proof or hook.authentication
    if not authentication.needs_secret(hook.authentication):
        hook.secret = hook.previous_secret = hook.overlap_until = None
        return None
    if hook.secret is None or chosen or before != hook.authentication["kind"]:
        hook.previous_secret = hook.overlap_until = None
        return _give_secret(settings, hook, chosen)
    return None


async def rotate(
    session: AsyncSession,
    settings: Settings,
    actor: Actor,
    id: UUID,
    secret: str | None = None,
    previous_until: datetime | None = None,
) -> Made:
    """A new secret, ours or the sender's; the one before holds until then, by default a day."""
    hook = await mine(session, actor, id)
    if not authentication.needs_secret(hook.authentication):
        raise NoSecretToRotate(current=hook.authentication["kind"], wanted="rotate")
    chosen = authentication.checked_secret(secret) if secret else None
    until = end_of_overlap(previous_until)
    keeps = until > clock.now()
    hook.previous_secret, hook.overlap_until = (hook.secret, until) if keeps else (None, None)
    made = _give_secret(settings, hook, chosen)
    await session.flush()
    await events.tell(session, hook, events.MappedWebhookSecretRotated(until.isoformat()))
    return Made(hook, made)


async def set_mapping(
    session: AsyncSession, actor: Actor, id: UUID, mapping: Any, version: int | None = None
) -> MappedWebhook:
    """Messages are read by it from now on. `version`: the one it was made from; Stale where there is a newer one."""
    checked_mapping(mapping)
    hook = await mine(session, actor, id)
    if version is not None and version != hook.mapping_version:
        raise Stale(field=("version",))
    if mapping == hook.mapping:
        return hook
    hook.mapping, hook.mapping_version = mapping, hook.mapping_version + 1
    await session.flush()
    await _keep_version(session, hook, actor)
    await events.tell(session, hook, events.MappingChanged(hook.mapping_version))
    return hook


async def restore(session: AsyncSession, actor: Actor, id: UUID, version: int) -> MappedWebhook:
    """Go back to an earlier mapping, as a new version. Raises: NotFound."""
    hook = await mine(session, actor, id)
    query = select(MappingVersion.mapping).filter_by(mapped_webhook_id=hook.id, version=version)
    if (mapping := (await session.execute(query)).scalar_one_or_none()) is None:
        raise NotFound(field=("version",))
    return await set_mapping(session, actor, id, mapping)


async def mine(session: AsyncSession, actor: Actor, id: UUID, *, field: FieldPath = ("id",)) -> MappedWebhook:
    """The webhook, locked, where the actor sees it. Raises: NotFound."""
    async with acting_as(session, actor):
        await find(session, MappedWebhook, id, field=field)
    return await find(session, MappedWebhook, id, lock=True, field=field)


async def partner_within(session: AsyncSession, actor: Actor, organization_id: UUID | None, entity_id: UUID) -> UUID:
    """The partner that a way in is made for: the actor's own and no other, for staff the one named."""
    if actor.audience is Audience.PARTNER and organization_id not in (None, actor.organization_id):
        raise NotFound(field=("organization_id",))
    found = await organization_within(session, actor, organization_id, entity_id)
    if found is None:
        raise Required(field=("organization_id",))
    if found.partner_model is None:
        raise NotFound(field=("organization_id",))
    return found.id


def slug(value: Any) -> str:
    """Part of an address, in its normal form. Raises: SlugInvalid."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if not is_slug(text):
        raise SlugInvalid(maximum=_LONGEST_SLUG)
    return text


def is_slug(text: str) -> bool:
    """Whether it can be the last part of an address of ours."""
    return len(text) <= _LONGEST_SLUG and _SLUG.fullmatch(text) is not None


def end_of_overlap(asked: datetime | None) -> datetime:
    """Until when a secret holds that another one takes the place of. Raises: OutOfRange."""
    now = clock.now()
    until = asked or now + OVERLAP
    if until > now + _LONGEST_OVERLAP:
        latest = (now + _LONGEST_OVERLAP).isoformat()
        raise OutOfRange(minimum=now.isoformat(), maximum=latest, field=("previous_valid_until",))
    return max(until, now)


def _give_secret(settings: Settings, hook: MappedWebhook, chosen: str | None) -> str | None:
    """None where there is nothing to show: it has none, or its sender chose it."""
    if not authentication.needs_secret(hook.authentication):
        return None
    secret = chosen or random_secret()
    hook.secret = authentication.sealed(settings, hook.id, secret)
    return None if chosen else secret


async def _keep_version(session: AsyncSession, hook: MappedWebhook, actor: Actor) -> None:
    kept = MappingVersion(
        entity_id=hook.entity_id,
        organization_id=hook.organization_id,
        mapped_webhook_id=hook.id,
        version=hook.mapping_version,
        mapping=hook.mapping,
        created_by_user_id=actor.user_id,
    )
    session.add(kept)
    await session.flush()


async def _require_room(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> None:
    used = select(func.count()).select_from(MappedWebhook)
    used = used.where(MappedWebhook.entity_id == entity_id, MappedWebhook.organization_id == organization_id)
    if (await session.execute(used)).scalar_one() >= MOST:
        raise TooManyMappedWebhooks(maximum=MOST)
