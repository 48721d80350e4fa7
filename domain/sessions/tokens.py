"""Registering, changing, blocking and unblocking tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.chargers.models import Charger
from domain.contacts.models import Contact
from domain.errors import InvalidState, NotFound, TooMany
from domain.events.record import changes_of, record
from domain.rows import find
from domain.sessions.errors import TokenMalformed
from domain.sessions.events import TokenBlocked, TokenChanged, TokenRegistered, TokenUnblocked
from domain.sessions.models import IdToken, TokenKind, TokenStatus
from domain.unique import refusing_taken

MOST_CHARGERS = 250
_FORM = re.compile(r"[A-Z0-9*\-_=:+|@.]{1,36}")
"""OCPP's identifierString, in capitals."""


@dataclass(frozen=True, slots=True)
class TokenDetails:
    token: str
    contact_id: UUID
    kind: TokenKind = TokenKind.RFID
    label: str = ""
    valid_until: datetime | None = None
    charger_ids: Sequence[UUID] = ()


def normal(token: str) -> str:
    """Capitals, as every token is kept. Raises: TokenMalformed."""
    given = token.strip().upper()
    if not _FORM.fullmatch(given):
        raise TokenMalformed(field=("token",))
    return given


async def register(session: AsyncSession, entity_id: UUID, details: TokenDetails) -> IdToken:
    """A token of a contact. Raises: NotFound, TokenMalformed, AlreadyExists, TooLong, TooMany."""
    await find(session, Contact, details.contact_id, field=("contact_id",))
    row = IdToken(
        entity_id=entity_id,
        token=normal(details.token),
        kind=details.kind.value,
        contact_id=details.contact_id,
        label=validation.text(details.label, "label", minimum=0, maximum=100),
        valid_until=details.valid_until,
        charger_ids=await _chargers(session, entity_id, details.charger_ids),
    )
    async with refusing_taken(session, uq_id_token_entity_id_token=("token",), uq_id_token_app=("kind",)):
        session.add(row)
    await _tell(session, row, TokenRegistered(row.kind))
    return row


async def change(
    session: AsyncSession, id: UUID, *, label: str, valid_until: datetime | None, charger_ids: Sequence[UUID]
) -> IdToken:
    """What it is called, until when it is good, and where else. Raises: NotFound, TooLong, TooMany."""
    row = await find(session, IdToken, id, lock=True)
    row.label = validation.text(label, "label", minimum=0, maximum=100)
    row.valid_until = valid_until
    row.charger_ids = await _chargers(session, row.entity_id, charger_ids)
    changes = changes_of(row)
    if changes:
        await session.flush()
        await _tell(session, row, TokenChanged(row.kind), changes)
    return row


async def block(session: AsyncSession, id: UUID, reason: str = "") -> IdToken:
    """Nobody charges with it any more; what it charges now goes on. Raises: NotFound, TooLong, InvalidState."""
    row = await _in(session, id, TokenStatus.ACCEPTED, "block")
    row.status = TokenStatus.BLOCKED.value
    row.blocked_reason = validation.text(reason, "reason", minimum=0, maximum=500)
    await session.flush()
    await _tell(session, row, TokenBlocked(row.kind))
    return row


async def unblock(session: AsyncSession, id: UUID) -> IdToken:
    """It is good again. Raises: NotFound, InvalidState."""
    row = await _in(session, id, TokenStatus.BLOCKED, "unblock")
    row.status, row.blocked_reason = TokenStatus.ACCEPTED.value, ""
    await session.flush()
    await _tell(session, row, TokenUnblocked(row.kind))
    return row


async def _in(session: AsyncSession, id: UUID, status: TokenStatus, wanted: str) -> IdToken:
    row = await find(session, IdToken, id, lock=True)
    if row.status != status:
        raise InvalidState(current=row.status, wanted=wanted, field=("id",))
    return row


async def _chargers(session: AsyncSession, entity_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    """Private chargers of the entity that the token is admitted to."""
    if len(ids) > MOST_CHARGERS:
        raise TooMany(maximum=MOST_CHARGERS, field=("charger_ids",))
    wanted = sorted(set(ids))
    query = select(Charger.id).where(Charger.id.in_(wanted), Charger.entity_id == entity_id)
    found = set((await session.execute(query)).scalars()) if wanted else set()
    if missing := [id for id in wanted if id not in found]:
        raise NotFound(field=("charger_ids", ids.index(missing[0])))
    return wanted


async def _tell(
    session: AsyncSession,
    row: IdToken,
    happened: TokenRegistered | TokenChanged | TokenBlocked | TokenUnblocked,
    changes: dict[str, list[object]] | None = None,
) -> None:
    await record(
        session, happened, entity_id=row.entity_id, subject_id=row.id, contact_ids=[row.contact_id], changes=changes
    )
