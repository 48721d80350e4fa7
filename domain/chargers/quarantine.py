"""What was sent as a charger and refused, for the tenant to look at. Bounded, whoever sends how much. For the system.

Like messages of an hour (identity, way, action, reason) are one row that counts them. A charger fills at most
`MOST_ROWS` rows an hour, all unknown identities together `MOST_UNKNOWN`; what comes on top is counted as FLOOD.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.events import ChargerMessageQuarantined, about
from domain.chargers.models import Channel, Charger, QuarantinedMessage, is_identity
from domain.events.record import record_all

MOST_ROWS = 50
MOST_UNKNOWN = 200
MOST_PAYLOAD = 4096
KEPT = timedelta(days=30)
FLOOD = "FLOOD"
ANYBODY = "*"
"""Stands for the unknown identities of a flood."""
_MOST_DELETED = 10_000


@dataclass(frozen=True, slots=True)
class Refused:
    """One message, or `repeated` like ones of which this is the first."""

    identity: str
    channel: Channel
    action: str
    reason: str
    detail: str = ""
    payload: bytes = b""
    charger_id: UUID | None = None
    entity_id: UUID | None = None
    repeated: int = 1

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.identity, self.channel.value, self.action, self.reason)


async def keep(session: AsyncSession, refused: Refused) -> None:
    """Keep what was refused, or count it with those like it. The charger is found by its identity if need be."""
    charger = await _charger(session, refused)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    values = _values(refused, charger, hour)
    if not await _is_known(session, values) and await _is_full(session, charger, hour):
        flood = {"action": "", "reason": FLOOD, "detail": "", "payload": ""}
        values |= flood | ({} if charger else {"identity": ANYBODY})
    new = await _write(session, values)
    if new and charger is not None:
        happened = ChargerMessageQuarantined(charger.identity, values["channel"], values["action"], values["reason"])
        await record_all(session, [(happened, about(charger))])


async def _charger(session: AsyncSession, refused: Refused) -> Charger | None:
    if refused.charger_id is not None:
        return await session.get(Charger, refused.charger_id)
    if not is_identity(refused.identity):
        return None
    query = select(Charger).where(Charger.identity == refused.identity)
    return (await session.execute(query)).scalar_one_or_none()


def _values(refused: Refused, charger: Charger | None, hour: datetime) -> dict[str, Any]:
    return {
        "entity_id": charger.entity_id if charger else None,
        "charger_id": charger.id if charger else None,
        "identity": readable(refused.identity.encode(errors="replace"), 48),
        "channel": refused.channel.value,
        "action": readable(refused.action.encode(errors="replace"), 64),
        "reason": refused.reason[:64],
        "detail": readable(refused.detail.encode(errors="replace"), 480),
        "payload": readable(refused.payload, MOST_PAYLOAD),
        "hour": hour,
        "received_at": datetime.now(UTC),
        "repeated": max(refused.repeated, 1),
    }


def readable(given: bytes, most: int) -> str:
    """Text of at most `most` bytes in UTF-8 that PostgreSQL can keep, whatever was sent."""
    text = given[:most].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return text.encode()[:most].decode("utf-8", "ignore")


async def _is_known(session: AsyncSession, values: dict[str, Any]) -> bool:
    columns = ("identity", "hour", "channel", "action", "reason")
    same = [getattr(QuarantinedMessage, column) == values[column] for column in columns]
    return (await session.execute(select(QuarantinedMessage.id).where(*same))).first() is not None


async def _is_full(session: AsyncSession, charger: Charger | None, hour: datetime) -> bool:
    """Whether the hour's rows of the charger, or of all unknown identities, are used up."""
    mine = QuarantinedMessage.charger_id.is_(None) if charger is None else QuarantinedMessage.charger_id == charger.id
    rows = select(func.count()).where(mine, QuarantinedMessage.hour == hour).select_from(QuarantinedMessage)
    most = MOST_UNKNOWN if charger is None else MOST_ROWS
    return (await session.execute(rows)).scalar_one() >= most


async def _write(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Whether it is the first of its kind in the hour."""
    row = insert(QuarantinedMessage).values(values)
    counted = row.on_conflict_do_update(
        index_elements=["identity", "hour", "channel", "action", "reason"],
        set_={
            "repeated": QuarantinedMessage.repeated + row.excluded.repeated,
            "received_at": row.excluded.received_at,
        },
    )
    total = (await session.execute(counted.returning(QuarantinedMessage.repeated))).scalar_one()
    return bool(total == values["repeated"])


async def forget(session: AsyncSession) -> int:
    """Delete what is older than `KEPT`, at most so many at once; how many."""
    old = select(QuarantinedMessage.id).where(QuarantinedMessage.created_at < datetime.now(UTC) - KEPT)
    gone = delete(QuarantinedMessage).where(QuarantinedMessage.id.in_(old.limit(_MOST_DELETED)))
    return len((await session.execute(gone.returning(QuarantinedMessage.id))).all())
