"""Reports are kept as they came, each once; what cannot be in them is left out."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import MOST_CONNECTORS
from domain.sessions.models import ChargingSession, ReportSource, SessionReport
from domain.sessions.reports import TransactionReport
from domain.telemetry.readings import AHEAD, MOST_ENERGY_WH, MOST_SEQUENCE, MOST_TRANSACTION_ID

OLDEST = timedelta(days=31)
"""Nobody is offline for longer: a clock that says so is wrong."""
MOST_REPORTS = 2_000
"""Of one session, besides those that change it."""
_LONGEST_REASON = 100
_LONGEST_TOKEN = 36


def possible(told: TransactionReport, now: datetime) -> tuple[TransactionReport, bool, tuple[str, ...]]:
    """A report without what cannot be, whether its clock was one of that, and what it was: `CODE: detail`."""
    changes: dict[str, Any] = {}
    refused: list[str] = []
    if told.meter_wh is not None and not 0 <= told.meter_wh <= MOST_ENERGY_WH:
        changes["meter_wh"] = None
        refused.append(f"{'NEGATIVE_ENERGY' if told.meter_wh < 0 else 'OUT_OF_RANGE'}: meter of {told.meter_wh} Wh")
    if not now - OLDEST <= told.at <= now + AHEAD:
        changes["at"] = now
        refused.append(f"{'FUTURE_CLOCK' if told.at > now else 'TOO_OLD'}: {told.at.isoformat()}")
    if not 0 <= told.connector <= MOST_CONNECTORS:
        changes["connector"] = 0
        refused.append(f"OUT_OF_RANGE: connector {told.connector}")
    if told.transaction_id is not None and not _printable(told.transaction_id, MOST_TRANSACTION_ID):
        changes["transaction_id"] = None
        refused.append("OUT_OF_RANGE: transaction id")
    if told.id_token is not None and not _printable(told.id_token, _LONGEST_TOKEN):
        changes["id_token"] = None
        refused.append("OUT_OF_RANGE: token")
    if not 0 <= told.sequence <= MOST_SEQUENCE:
        changes["sequence"] = 0
        refused.append(f"OUT_OF_RANGE: sequence {told.sequence}")
    reason = "".join(letter for letter in told.reason if letter.isprintable())[:_LONGEST_REASON]
    return replace(told, **changes, reason=reason), "at" in changes, tuple(refused)


def _printable(text: str, most: int) -> bool:
    return 0 < len(text.strip()) <= most and text.isprintable()


def key_of(told: TransactionReport) -> str:
    """What is the same when a report is sent again, as the charger sent it, whatever is in it.

    Where the platform draws the transaction's id: where, when and at which register it began.
    """
    at = told.at.isoformat()
    if told.transaction_id is None:
        return f"{told.kind}|{told.connector}|{at}|{told.meter_wh}"
    id = told.transaction_id
    if not _printable(id, MOST_TRANSACTION_ID):
        id = hashlib.sha256(id.encode(errors="surrogatepass")).hexdigest()
    return f"{id}|{told.kind}|{told.sequence}|{at}|{told.charging_state or ''}"


async def is_full(session: AsyncSession, row: ChargingSession) -> bool:
    """Whether so much was reported of a session that only what changes it is kept."""
    some = select(SessionReport.id).where(SessionReport.session_id == row.id).limit(MOST_REPORTS).subquery()
    return (await session.execute(select(func.count()).select_from(some))).scalar_one() >= MOST_REPORTS


async def keep(
    session: AsyncSession,
    row: ChargingSession,
    said: TransactionReport,
    key: str,
    *,
    corrected: bool = False,
    source: ReportSource = ReportSource.CHARGER,
) -> bool:
    """Write a report down; False where it was there already."""
    new = insert(SessionReport).values(
        entity_id=row.entity_id,
        session_id=row.id,
        charger_id=row.charger_id,
        key=key,
        kind=said.kind.value,
        source=source.value,
        at=said.at,
        corrected=corrected,
        sequence=said.sequence,
        meter_wh=said.meter_wh,
        id_token=said.id_token,
        charging_state=said.charging_state.value if said.charging_state else None,
        reason=said.reason,
        offline=said.offline,
    )
    once = new.on_conflict_do_nothing(index_elements=["charger_id", "key"]).returning(SessionReport.id)
    return (await session.execute(once)).scalar_one_or_none() is not None
