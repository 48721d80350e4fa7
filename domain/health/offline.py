"""Which chargers are not heard of any more, over all of them at once, and no storm where it is we who do not hear.

A charger that is in service and silent for OFFLINE_AFTER is offline. Where many of a protocol fall silent at the same
time, and more than are still heard, the platform is deaf to it: no alert is opened for DEAF_AT_MOST, and once chargers
are heard again each has OFFLINE_AFTER to come back. Alerts close when their charger is heard.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime, Interval

from domain.chargers.models import ChargerState, Protocol
from domain.health import alerts, troubles
from domain.health.alerts import Noticed
from domain.health.models import Code, Hearing, Severity
from domain.health.thresholds import DEAF_AT_MOST, HEARD_WITHIN, LONG_OFFLINE, MANY_SILENT, OFFLINE_AFTER
from domain.health.troubles import Trouble


@dataclass(frozen=True, slots=True)
class Silence:
    """What a look found: how many alerts were opened and closed, and to which protocols the platform is deaf."""

    opened: int
    closed: int
    deaf: tuple[Protocol, ...]


async def look(session: AsyncSession, now: datetime) -> Silence:
    """Open alerts of chargers that went silent, make old ones critical, close those of chargers that are back.

    In a session of the system; one at a time over all processes.
    """
    opened, deaf = 0, []
    for protocol in Protocol:
        hearing = await _hearing(session, protocol)
        opened += await _judge(session, hearing, now)
        if hearing.deaf_since is not None:
            deaf.append(protocol)
    return Silence(opened, await _close(session, now), tuple(deaf))


async def _judge(session: AsyncSession, hearing: Hearing, now: datetime) -> int:
    """How many alerts were opened."""
    given = {"protocol": hearing.protocol, "now": now, "after": OFFLINE_AFTER, "long": LONG_OFFLINE}
    given["heard"] = hearing.heard_since
    rows = (await session.execute(_SILENT, given)).all()
    fresh, worse = [row for row in rows if row.severity is None], [row for row in rows if row.severity is not None]
    listens = _remember(hearing, await _is_deaf(session, hearing, len(fresh), now), now)
    believed = fresh if listens else []
    raised = await alerts.notice(session, [_noticed(row, now) for row in (*believed, *worse)])
    await troubles.count(session, [(row.id, Trouble(outages=1)) for row in believed], now)
    return sum(each.opened for each in raised)


async def _is_deaf(session: AsyncSession, hearing: Hearing, silent: int, now: datetime) -> bool:
    if silent < MANY_SILENT or _has_waited(hearing, now):
        return False
    given = {"protocol": hearing.protocol, "since": now - HEARD_WITHIN}
    return silent > int((await session.execute(_HEARD, given)).scalar_one())


def _has_waited(hearing: Hearing, now: datetime) -> bool:
    return hearing.deaf_since is not None and now - hearing.deaf_since >= DEAF_AT_MOST


def _remember(hearing: Hearing, deaf: bool, now: datetime) -> bool:
    """Whether silence is believed: not while we are deaf, nor before chargers had time to come back."""
    if deaf:
        hearing.deaf_since = hearing.deaf_since or now
        return False
    if hearing.deaf_since is None:
        return True
    waited = _has_waited(hearing, now)
    hearing.deaf_since = None
    hearing.heard_since = hearing.heard_since if waited else now
    return waited


def _noticed(row: Any, now: datetime) -> Noticed:
    long = now - row.last_seen_at >= LONG_OFFLINE
    said = f"{row.last_seen_at:%Y-%m-%d %H:%M} UTC"
    severity = Severity.CRITICAL if long else Severity.WARNING
    return Noticed(row.id, Code.OFFLINE.value, severity, now, said)


async def _hearing(session: AsyncSession, protocol: Protocol) -> Hearing:
    await session.execute(insert(Hearing).values(protocol=protocol.value).on_conflict_do_nothing())
    locked = select(Hearing).where(Hearing.protocol == protocol.value).with_for_update()
    found: Hearing = (await session.execute(locked.execution_options(populate_existing=True))).scalar_one()
    return found


async def _close(session: AsyncSession, now: datetime) -> int:
    over = (await session.execute(_BACK, {"since": now - OFFLINE_AFTER})).scalars().all()
    return await alerts.resolve(session, over, "BACK")


_IN_SERVICE = f"c.state = '{ChargerState.IN_SERVICE.value}'"
_SILENT = text(f"""
SELECT c.id, c.last_seen_at, a.severity
FROM charger c
LEFT JOIN charger_alert a ON a.charger_id = c.id AND a.code = '{Code.OFFLINE.value}' AND a.closed_at IS NULL
WHERE {_IN_SERVICE} AND c.protocol = :protocol AND c.last_seen_at < :now - :after
  AND CASE WHEN a.id IS NOT NULL THEN a.severity <> '{Severity.CRITICAL.value}' AND c.last_seen_at <= :now - :long
    ELSE coalesce(CAST(:heard AS timestamptz) < :now - :after, true) END
""").bindparams(  # noqa: S608  # constants alone
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("after", type_=Interval),
    bindparam("long", type_=Interval),
    bindparam("heard", type_=DateTime(timezone=True)),
)
_HEARD = text(
    f"SELECT count(*) FROM charger c WHERE {_IN_SERVICE} AND c.protocol = :protocol AND c.last_seen_at >= :since"  # noqa: S608  # as above
).bindparams(bindparam("since", type_=DateTime(timezone=True)))
_BACK = text(f"""
SELECT a.id FROM charger_alert a JOIN charger c ON c.id = a.charger_id
WHERE a.code = '{Code.OFFLINE.value}' AND a.closed_at IS NULL
  AND ((c.connected AND c.last_seen_at >= :since) OR NOT {_IN_SERVICE})
""").bindparams(bindparam("since", type_=DateTime(timezone=True)))  # noqa: S608  # as above
