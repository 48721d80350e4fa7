"""The channel tree: who is below whom, now and at any time before; history is only ever added to."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import events
from domain.contacts.errors import (
    ContactMergedAway,
    MoveInFuture,
    MoveTooEarly,
    NotAnOrganization,
    OrganizationCycle,
    TreeTooDeep,
)
from domain.contacts.models import Contact, ContactType, OrganizationParent
from domain.contacts.relations import entity_for
from domain.errors import FieldPath
from domain.events.record import changes_of, record
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor

MAX_DEPTH = 32
_LOCK = 0x7472_6565  # an arbitrary constant: the advisory lock of the tree
_TICK = timedelta(microseconds=1)


async def lock(session: AsyncSession, *, moving: bool = False) -> None:
    """Hold the tree still until the transaction ends; only one at a time may move something in it."""
    function = func.pg_advisory_xact_lock if moving else func.pg_advisory_xact_lock_shared
    await session.execute(select(function(_LOCK)))


async def chain_of(
    session: AsyncSession, organization_id: UUID, *, field: FieldPath = ("organization_id",)
) -> list[UUID]:
    """The ancestors of an organization from the root down, itself last; fixed until the transaction ends."""
    await lock(session)
    return list((await organization(session, organization_id, field=field)).chain_organization_ids)


async def organization(
    session: AsyncSession, id: UUID, *, field: FieldPath = ("id",), for_update: bool = False
) -> Contact:
    """An organization that the actor sees and that was not merged into another."""
    found = await find(session, Contact, id, field=field, lock=for_update)
    if found.contact_type != ContactType.ORGANIZATION:
        raise NotAnOrganization(field=field)
    if found.merged_into_id is not None:
        raise ContactMergedAway(field=field)
    return found


async def place(session: AsyncSession, child: Contact, parent: Contact, at: datetime | None = None) -> None:
    """Put an organization that has no parent below another, from `at` or now on."""
    start = at or await _now(session)
    session.add(OrganizationParent(organization_id=child.id, parent_id=parent.id, valid=Range(start, None)))
    await session.flush()


async def move(
    session: AsyncSession,
    mover: Actor,
    organization_id: UUID,
    parent_id: UUID | None,
    valid_from: datetime | None = None,
) -> Contact:
    """Give an organization another parent, or none; what is below it moves along.

    A session of the system actor: the subtree may hold organizations that `mover` does not see, while both ends of the
    move have to be its own to see. Orders, quotes and leads keep the chain they were made with.
    """
    await lock(session, moving=True)
    async with acting_as(session, mover):
        moved = await organization(session, organization_id, for_update=True)
        parent = await organization(session, parent_id, field=("parent_id",)) if parent_id else None
    if moved.parent_organization_id == parent_id:
        return moved
    start = await put_below(session, moved, parent, valid_from)
    changes = changes_of(moved)
    await refresh_channels(session, [moved.id])
    await session.refresh(moved)
    async with acting_as(session, mover):
        await _record_move(session, moved, start, changes)
    return moved


async def put_below(
    session: AsyncSession, moved: Contact, parent: Contact | None, valid_from: datetime | None = None
) -> datetime:
    """Change an organization's parent from a time on (now, unless told otherwise), and give that time.

    For the system actor that holds the lock for moving; `refresh_channels` is to follow.
    """
    start = await _start(session, moved, parent, valid_from)
    if parent:
        await _refuse_cycle(session, moved, parent, start)
        await _refuse_depth(session, moved, parent)
    await _end_parent(session, moved.id, start)
    if parent:
        await place(session, moved, parent, start)
    moved.parent_organization_id = parent.id if parent else None
    return start


async def _end_parent(session: AsyncSession, organization_id: UUID, at: datetime) -> None:
    present = await _last_parent(session, organization_id)
    if present is not None and present.valid.upper is None:
        present.valid = Range(present.valid.lower, at)
        await session.flush()


async def _record_move(session: AsyncSession, moved: Contact, start: datetime, changes: dict[str, list[Any]]) -> None:
    """Visible in the chain that the organization is in now; the payload names nobody of either."""
    await record(
        session,
        events.OrganizationMoved(start.isoformat()),
        entity_id=entity_for(session, moved),
        subject_id=moved.id,
        organization_ids=[moved.id],
        channel=moved.chain_organization_ids,
        changes=changes,
    )


async def _start(session: AsyncSession, moved: Contact, parent: Contact | None, wanted: datetime | None) -> datetime:
    """The moment of the move: after the last change of its place, not before it or its parent existed."""
    now = await _now(session)
    last = await _last_parent(session, moved.id)
    changed = [moved.created_at, *([parent.created_at] if parent else [])]
    if last is not None:
        changed.append(last.valid.upper or (last.valid.lower or moved.created_at) + _TICK)
    earliest = max(changed)
    if wanted is None:
        return max(now, earliest)
    if wanted > now:
        raise MoveInFuture(field=("valid_from",))
    if wanted < earliest:
        raise MoveTooEarly(field=("valid_from",), earliest=earliest.isoformat())
    return wanted


async def _last_parent(session: AsyncSession, organization_id: UUID) -> OrganizationParent | None:
    query = (
        select(OrganizationParent)
        .where(OrganizationParent.organization_id == organization_id)
        .order_by(func.lower(OrganizationParent.valid).desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


_ABOVE = text("""
    WITH RECURSIVE above (id, during, depth) AS (
      SELECT CAST(:parent AS uuid), tstzrange(CAST(:start AS timestamptz), NULL), 1
      UNION ALL
      SELECT op.parent_id, a.during * op.valid, a.depth + 1
      FROM organization_parent op JOIN above a ON op.organization_id = a.id AND op.valid && a.during
      WHERE a.id <> :moved AND a.depth < 1000
    )
    SELECT EXISTS (SELECT 1 FROM above WHERE id = :moved)
""")
"""Follows every parent that was one during a part of the time, also by what ended since."""


async def is_above(session: AsyncSession, one: Contact, other: Contact, start: datetime) -> bool:
    """Whether `one` is `other` or above it at any time from `start` on."""
    values = {"parent": other.id, "moved": one.id, "start": start}
    return bool((await session.execute(_ABOVE, values)).scalar_one())


async def _refuse_cycle(session: AsyncSession, moved: Contact, parent: Contact, start: datetime) -> None:
    if await is_above(session, moved, parent, start):
        raise OrganizationCycle(field=("parent_id",))


async def _refuse_depth(session: AsyncSession, moved: Contact, parent: Contact) -> None:
    below = select(func.max(func.cardinality(Contact.chain_organization_ids))).where(
        Contact.channel_organization_ids.contains([moved.id])
    )
    deepest = (await session.execute(below)).scalar_one() or 1
    levels_moved = deepest - len(moved.chain_organization_ids) + 1
    if len(parent.chain_organization_ids) + levels_moved > MAX_DEPTH:
        raise TreeTooDeep(field=("parent_id",), maximum=MAX_DEPTH)


async def _now(session: AsyncSession) -> datetime:
    """The clock, not the transaction's start: who waited for the lock comes after who held it."""
    moment: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return moment.astimezone(UTC)


_REFRESH = text("""
    WITH RECURSIVE tree (id, chain) AS (
      SELECT c.id, coalesce(p.chain_organization_ids, '{}') || c.id
      FROM contact c LEFT JOIN contact p ON p.id = c.parent_organization_id
      WHERE c.id = ANY (CAST(:roots AS uuid[])) AND c.contact_type = 'ORGANIZATION'
      UNION ALL
      SELECT c.id, t.chain || c.id
      FROM contact c JOIN tree t ON c.parent_organization_id = t.id
      WHERE c.contact_type = 'ORGANIZATION' AND c.id <> ALL (t.chain)
    ), touched (id, chain, base) AS (
      SELECT id, chain, chain FROM tree
      UNION ALL
      SELECT c.id, '{}'::uuid[], coalesce(p.chain_organization_ids, '{}')
      FROM contact c LEFT JOIN contact p ON p.id = c.parent_organization_id
      WHERE c.id = ANY (CAST(:roots AS uuid[])) AND c.contact_type = 'PERSON'
      UNION ALL
      SELECT c.id, '{}'::uuid[], t.chain
      FROM contact c JOIN tree t ON c.parent_organization_id = t.id WHERE c.contact_type = 'PERSON'
    ), seen (id, chain, channel) AS (
      SELECT id, chain, base || ARRAY(
        SELECT DISTINCT bringer FROM contact_relation r CROSS JOIN unnest(r.channel_organization_ids) bringer
        WHERE r.contact_id = touched.id AND bringer <> ALL (base) ORDER BY bringer)
      FROM touched
    )
    UPDATE contact c SET chain_organization_ids = seen.chain, channel_organization_ids = seen.channel
    FROM seen WHERE c.id = seen.id
      AND (c.chain_organization_ids, c.channel_organization_ids) IS DISTINCT FROM (seen.chain, seen.channel)
""")

_REFRESH_MEMBERSHIPS = text("""
    UPDATE membership m SET channel_organization_ids = c.chain_organization_ids
    FROM contact c
    WHERE m.organization_id = c.id AND c.channel_organization_ids && CAST(:roots AS uuid[])
      AND m.channel_organization_ids IS DISTINCT FROM c.chain_organization_ids
""")


async def refresh_channels(session: AsyncSession, root_ids: list[UUID]) -> None:
    """Write anew who sees these contacts: organizations with all below them, their persons and users; as the system."""
    await session.flush()
    await session.execute(_REFRESH, {"roots": root_ids})
    await session.execute(_REFRESH_MEMBERSHIPS, {"roots": root_ids})


async def refresh_all_channels(session: AsyncSession) -> None:
    """The same for the whole tree, after a bulk load of contacts and relations."""
    whole = select(Contact.id).where(
        Contact.contact_type == ContactType.ORGANIZATION, Contact.parent_organization_id.is_(None)
    )
    await refresh_channels(session, list((await session.execute(whole)).scalars()))
