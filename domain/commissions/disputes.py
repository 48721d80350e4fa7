"""Disputes: a beneficiary says that a record is wrong; staff answer with a correction or a rejection; all of it undone.

A disputed record is not paid out until there is an answer.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.commissions.errors import (
    AlreadyDisputed,
    DisputeNotAnswered,
    DisputeNotOpen,
    NotDisputable,
    NothingCorrected,
)
from domain.commissions.events import (
    CommissionDisputeAnswered,
    CommissionDisputed,
    CommissionDisputeReopened,
    CommissionDisputeWithdrawn,
)
from domain.commissions.following import Record, follow, locked
from domain.commissions.leading import follow_leads
from domain.commissions.models import Commission, CommissionCause, CommissionDispute, CommissionKind, DisputeState
from domain.commissions.movements import about, write
from domain.errors import AlreadyExists, OutOfRange
from domain.events.record import Payload, record_all
from domain.money import MAX_CENTS
from domain.rows import find
from domain.unique import refusing_taken
from domain.validation import text
from tenants.auth import clock

LONGEST_TEXT = 2_000
_ANSWERED = (DisputeState.UPHELD, DisputeState.REJECTED)


async def dispute(session: AsyncSession, commission_id: UUID, reason: str) -> CommissionDispute:
    """Dispute a record. Raises: NotFound, NotDisputable, AlreadyDisputed, InvalidInput."""
    why = text(reason, "reason", maximum=LONGEST_TEXT)
    commission = await find(session, Commission, commission_id, field=("commission_id",))
    if commission.reverses_id is not None:
        raise NotDisputable(field=("commission_id",))
    made = CommissionDispute(
        entity_id=commission.entity_id,
        commission_id=commission.id,
        beneficiary_contact_id=commission.beneficiary_contact_id,
        reason=why,
    )
    await _open(session, made)
    await _tell(session, commission, CommissionDisputed(why))
    return made


async def withdraw(session: AsyncSession, dispute_id: UUID) -> CommissionDispute:
    """Dispute it no longer. Raises: NotFound, DisputeNotOpen."""
    found = await _found(session, dispute_id)
    _require_open(found)
    found.state, found.closed_at = DisputeState.WITHDRAWN, clock.now()
    await session.flush()
    await _tell(session, await find(session, Commission, found.commission_id), CommissionDisputeWithdrawn(found.reason))
    return found


async def answer(session: AsyncSession, dispute_id: UUID, words: str, cents: int | None) -> CommissionDispute:
    """Uphold a dispute: the record should have come to `cents`; or reject it, where there are none. For staff.

    The amount is as of the order, before anything of it was lost: what was credited since is taken off it as well.
    Raises: NotFound, DisputeNotOpen, NothingCorrected, OutOfRange, InvalidInput.
    """
    said = text(words, "answer", maximum=LONGEST_TEXT)
    found = await _found(session, dispute_id)
    _require_open(found)
    if cents is None:
        return await _answer(session, found, DisputeState.REJECTED, said, None, 0)
    corrected = await _record(session, found.commission_id)
    _require_sign(corrected, cents)
    difference = cents - corrected.agreed.cents
    if not difference:
        raise NothingCorrected(amount=corrected.agreed.format("en"), field=("amount_cents",))
    correction_id = await _correct(session, corrected, difference, found.id)
    return await _answer(session, found, DisputeState.UPHELD, said, correction_id, difference)


async def reopen(session: AsyncSession, dispute_id: UUID) -> CommissionDispute:
    """Take an answer back, and its correction with it. For staff.

    Raises: NotFound, DisputeNotAnswered, AlreadyDisputed.
    """
    found = await _found(session, dispute_id)
    if found.state not in _ANSWERED:
        raise DisputeNotAnswered(state=found.state, field=("id",))
    commission = await find(session, Commission, found.commission_id)
    if found.correction_id is not None:
        correction = await find(session, Commission, found.correction_id)
        await _correct(session, await _record(session, commission.id), -correction.amount_cents, found.id)
    found.state, found.answer, found.closed_at, found.correction_id = DisputeState.OPEN, None, None, None
    await _open(session, found)
    await _tell(session, commission, CommissionDisputeReopened(found.reason))
    return found


# --- parts ------------------------------------------------------------------------------------------------------------


async def _open(session: AsyncSession, dispute: CommissionDispute) -> None:
    try:
        async with refusing_taken(session, uq_commission_dispute_open=("id",)):
            session.add(dispute)
    except AlreadyExists:
        raise AlreadyDisputed(field=("id",)) from None


async def _found(session: AsyncSession, dispute_id: UUID) -> CommissionDispute:
    return await find(session, CommissionDispute, dispute_id, lock=True)


def _require_open(dispute: CommissionDispute) -> None:
    if dispute.state != DisputeState.OPEN:
        raise DisputeNotOpen(state=dispute.state, field=("id",))


async def _record(session: AsyncSession, commission_id: UUID) -> Record:
    own = (Commission.id == commission_id) | (Commission.reverses_id == commission_id)
    return (await locked(session, own))[0]


def _require_sign(corrected: Record, cents: int) -> None:
    takes = corrected.first.kind in (CommissionKind.PENALTY, CommissionKind.CAP)
    low, high = (-MAX_CENTS, 0) if takes else (0, MAX_CENTS)
    if not low <= cents <= high:
        raise OutOfRange(minimum=low, maximum=high, field=("amount_cents",))


async def _correct(session: AsyncSession, corrected: Record, cents: int, dispute_id: UUID) -> UUID:
    movement = corrected.adjusted(cents, CommissionCause.CORRECTED, source_id=dispute_id)
    made = await write(session, [movement], clock.now())
    if corrected.first.order_id is not None:
        await follow(session, [corrected.first.order_id])
    if corrected.first.lead_id is not None:
        await follow_leads(session, corrected.first.entity_id, [corrected.first.lead_id])
    id: UUID = made[0].id
    return id


async def _answer(
    session: AsyncSession,
    found: CommissionDispute,
    state: DisputeState,
    words: str,
    correction_id: UUID | None,
    cents: int,
) -> CommissionDispute:
    closed_at: datetime = clock.now()
    found.state, found.answer, found.closed_at, found.correction_id = state, words, closed_at, correction_id
    await session.flush()
    commission = await find(session, Commission, found.commission_id)
    upheld = state is DisputeState.UPHELD
    await _tell(session, commission, CommissionDisputeAnswered(found.reason, upheld, words, cents))
    return found


async def _tell(session: AsyncSession, commission: Commission, payload: Payload) -> None:
    await record_all(session, [(payload, about(commission))])
