"""The queue of what needs a person: opened by the ways in, closed by whoever dealt with it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.partner_orders import events
from domain.partner_orders.errors import ExceptionClosed, ExceptionStillOpen
from domain.partner_orders.models import ExceptionKind, ExceptionState, PartnerOrder, PartnerOrderException
from domain.rows import actor_of, find
from domain.validation import text
from tenants.auth import clock

LONGEST_RESOLUTION = 1_000


async def open_(
    session: AsyncSession,
    *,
    entity_id: UUID,
    organization_id: UUID,
    kind: ExceptionKind,
    message: Mapping[str, str],
    field: str = "$",
    detail: Mapping[str, Any] | None = None,
    order: PartnerOrder | None = None,
    source_id: UUID | None = None,
    channel: Sequence[UUID] | None = None,
) -> PartnerOrderException:
    """Put an item into the queue, or give the open one that says the same. For the system.

    `message` is {"nl": …, "en": …}; `field` a JSON path; `source_id` the mail or message it is about.
    """
    if known := await _known(session, order, source_id, kind, field):
        known.detail = dict(detail or {})
        return known
    chain = list(channel or (order.channel_organization_ids if order else await _chain(session, organization_id)))
    row = PartnerOrderException(
        entity_id=entity_id,
        organization_id=organization_id,
        channel_organization_ids=chain,
        partner_order_fk=order.id if order else None,
        source_id=source_id,
        kind=kind.value,
        field=field,
        detail=dict(detail or {}),
        message_nl=message["nl"],
        message_en=message["en"],
    )
    session.add(row)
    await session.flush()
    await events.tell_exception(session, row, events.ExceptionOpened(_number(order), row.kind, row.field))
    return row


async def resolve(session: AsyncSession, id: UUID, resolution: str) -> PartnerOrderException:
    """Dealt with, and how. Raises: NotFound, ExceptionClosed. For the system."""
    return await _close(session, id, ExceptionState.RESOLVED, resolution)


async def dismiss(session: AsyncSession, id: UUID, reason: str) -> PartnerOrderException:
    """Nothing has to be done about it, and why. Raises: NotFound, ExceptionClosed. For the system."""
    return await _close(session, id, ExceptionState.DISMISSED, reason)


async def reopen(session: AsyncSession, id: UUID) -> PartnerOrderException:
    """It was not dealt with after all. Raises: NotFound, ExceptionStillOpen. For the system."""
    row = await find(session, PartnerOrderException, id, lock=True)
    if row.state == ExceptionState.OPEN:
        raise ExceptionStillOpen(field=("id",))
    row.state, row.resolution = ExceptionState.OPEN.value, None
    row.resolved_at = row.resolved_by = row.resolved_by_user_id = None
    await session.flush()
    payload = events.ExceptionReopened(await _number_of(session, row), row.kind, row.field)
    await events.tell_exception(session, row, payload)
    return row


async def resolve_about(
    session: AsyncSession, source_id: UUID, resolution: str, kinds: Sequence[ExceptionKind] = ()
) -> int:
    """Resolve all that is open about a mail or message, of the given kinds or of all; how many. For the system."""
    query = select(PartnerOrderException.id).where(
        PartnerOrderException.source_id == source_id, PartnerOrderException.state == ExceptionState.OPEN
    )
    if kinds:
        query = query.where(PartnerOrderException.kind.in_([kind.value for kind in kinds]))
    ids = (await session.execute(query)).scalars().all()
    for id in ids:
        await resolve(session, id, resolution)
    return len(ids)


async def dismiss_all(session: AsyncSession, order: PartnerOrder, reason: str) -> None:
    """Dismiss all that is open about an order. For the system."""
    query = select(PartnerOrderException.id).where(
        PartnerOrderException.partner_order_fk == order.id, PartnerOrderException.state == ExceptionState.OPEN
    )
    for id in (await session.execute(query)).scalars().all():
        await dismiss(session, id, reason)


async def _close(session: AsyncSession, id: UUID, state: ExceptionState, words: str) -> PartnerOrderException:
    said = partial(text, maximum=LONGEST_RESOLUTION)(words, "resolution")
    row = await find(session, PartnerOrderException, id, lock=True)
    if row.state != ExceptionState.OPEN:
        raise ExceptionClosed(state=row.state, field=("id",))
    actor = actor_of(session)
    row.state, row.resolution = state.value, said
    row.resolved_at, row.resolved_by, row.resolved_by_user_id = clock.now(), actor.name, actor.user_id
    await session.flush()
    payload = events.ExceptionResolved(await _number_of(session, row), row.kind, row.field, row.state)
    await events.tell_exception(session, row, payload)
    return row


async def _known(
    session: AsyncSession, order: PartnerOrder | None, source_id: UUID | None, kind: ExceptionKind, field: str
) -> PartnerOrderException | None:
    if order is None and source_id is None:
        return None
    query = select(PartnerOrderException).where(
        PartnerOrderException.kind == kind.value,
        PartnerOrderException.field == field,
        PartnerOrderException.state == ExceptionState.OPEN,
    )
    same = PartnerOrderException.partner_order_fk == order.id if order else PartnerOrderException.source_id == source_id
    return (await session.execute(query.where(same).limit(1).with_for_update())).scalar_one_or_none()


async def _chain(session: AsyncSession, organization_id: UUID) -> list[UUID]:
    organization = await find(session, Contact, organization_id, field=("organization_id",))
    return list(organization.chain_organization_ids) or [organization.id]


def _number(order: PartnerOrder | None) -> str | None:
    return order.partner_order_id if order else None


async def _number_of(session: AsyncSession, row: PartnerOrderException) -> str | None:
    if row.partner_order_fk is None:
        return None
    return _number(await session.get(PartnerOrder, row.partner_order_fk))
