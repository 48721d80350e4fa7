"""A session that begins: its number, its transaction, who charges, and by which tariff."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger, ChargerAccess, Protocol
from domain.numbering.service import next_number
from domain.sessions import authorizing, rules
from domain.sessions.models import ChargingSession, ClosedBy, ReportKind, SessionMark, SessionState
from domain.sessions.reports import TransactionReport

NUMBERS = "charging_session"
_DRIFT = timedelta(hours=3)
"""A clock may be wrong by the hours of a zone."""


def names_its_own(charger: Charger, said: TransactionReport) -> bool:
    """Whether an id that is not known here is a transaction's whose start has yet to come, rather than a wrong one."""
    return said.transaction_id is not None and charger.protocol != Protocol.OCPP16


async def made_for(
    session: AsyncSession, charger: Charger, said: TransactionReport, other: ChargingSession | None
) -> ChargingSession:
    """A session for a report. What was open at its connector, `other`, has ended without anybody saying so.

    Where that one is the newer of the two the report came late: the new row has ended too, until its own end comes.
    """
    older = other is not None and is_before(other, said)
    if other is not None and not older:
        await rules.superseded(session, other, said.at)
    row = ChargingSession(
        **await common(session, charger),
        connector=said.connector or 1,
        state=SessionState.COMPLETED if older else SessionState.ACTIVE,
        started_at=said.at,
        ended_at=said.at if older else None,
        closed_by=ClosedBy.RULE if older else None,
        stop_reason=rules.SUPERSEDED if older else "",
        heard_at=said.at,
        marks=[SessionMark.NO_STOP] if older else [],
        energy_wh=0,
        paused_seconds=0,
    )
    session.add(row)
    await _name(session, row, charger, said)
    await session.flush()
    return row


def is_before(row: ChargingSession, said: TransactionReport) -> bool:
    """Whether what is told was before an open session; also all that is no beginning since it was asked for."""
    if row.state != SessionState.STARTING:
        return said.at < row.started_at
    return said.kind is ReportKind.ENDED or said.offline or said.at < row.started_at - _DRIFT


async def common(session: AsyncSession, charger: Charger) -> dict[str, object]:
    """What every session of a charger has."""
    return {
        "entity_id": charger.entity_id,
        "number": await next_number(session, charger.entity_id, NUMBERS, infix="S"),
        "charger_id": charger.id,
        "channel_organization_ids": [*charger.channel_organization_ids],
        "owner_contact_id": charger.owner_contact_id,
    }


async def begin(session: AsyncSession, row: ChargingSession, charger: Charger, said: TransactionReport) -> None:
    """What is known of a session from its first reports on; what is known already stays."""
    if row.transaction_id is None:
        await _name(session, row, charger, said)
    row.protocol = row.protocol or charger.protocol
    if said.id_token is not None and row.id_token is None:
        await _charges(session, row, charger, said.id_token)
    if row.driver_contact_id is None and row.id_token is None and charger.access == ChargerAccess.PRIVATE:
        row.driver_contact_id = charger.owner_contact_id


async def _name(session: AsyncSession, row: ChargingSession, charger: Charger, said: TransactionReport) -> None:
    """Its transaction's id: the charger's own, or the next number at the charger."""
    if said.transaction_id is not None and (said.kind is ReportKind.STARTED or names_its_own(charger, said)):
        row.transaction_id = said.transaction_id
        return
    last = select(func.coalesce(func.max(ChargingSession.transaction_number), 0)).where(
        ChargingSession.charger_id == charger.id
    )
    number = ((await session.execute(last)).scalar_one() or 0) + 1
    while await _is_taken(session, charger, str(number)):
        number += 1
    row.transaction_number, row.transaction_id = number, str(number)


async def _is_taken(session: AsyncSession, charger: Charger, id: str) -> bool:
    """By a transaction that the charger named itself: it may have spoken another protocol, or forget its ids."""
    s = ChargingSession
    named = select(s.id).where(s.charger_id == charger.id, s.transaction_id == id)
    return (await session.execute(named)).first() is not None


async def _charges(session: AsyncSession, row: ChargingSession, charger: Charger, named: str) -> None:
    """Who charges: the holder of the token, also where the charger began with one that may not."""
    token = await authorizing.token_named(session, charger.entity_id, named, lock=True)
    judged = await authorizing.judge(session, charger, token)
    row.id_token, row.id_token_id, row.driver_contact_id = named, judged.id_token_id, judged.contact_id
    if not judged.accepted:
        mark = SessionMark.UNKNOWN_TOKEN if token is None else SessionMark.REFUSED_TOKEN
        row.marks = sorted({*row.marks, mark})
