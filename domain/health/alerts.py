"""Alerts: one per charger and code while it is open, what repeats is counted, what becomes worse is told again."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime, Integer, Interval, Text, Uuid

from domain.chargers.models import MOST_CONNECTORS
from domain.events.record import About, Payload, record_all
from domain.health import troubles
from domain.health.events import AlertClosed, AlertEscalated, AlertOpened
from domain.health.models import AlertSource, AlertState, ChargerAlert, Code, Severity
from domain.health.thresholds import MOST_OPEN, RANK
from tenants.auth import clock

MOST_TEXT = 500
_NO_WORD = re.compile(r"[^A-Z0-9]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


class Device(Protocol):
    """A charger that has said who it is."""

    @property
    def charger_id(self) -> UUID: ...
    @property
    def entity_id(self) -> UUID: ...


@dataclass(frozen=True, slots=True)
class AlertReport:
    """What a device warns of. `code`: its own; `connector`: None for the charger as a whole."""

    code: str
    severity: Severity
    at: datetime
    text: str = ""
    connector: int | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that is wrong with a charger, `count` times."""

    charger_id: UUID
    code: str
    severity: Severity
    at: datetime
    text: str = ""
    connector: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Raised:
    """The alert that holds what was noticed. `opened`: it is new; `escalated`: it has become worse."""

    id: UUID
    opened: bool
    escalated: bool


async def raise_(session: AsyncSession, device: Device, report: AlertReport) -> UUID:
    """The open alert that a device's warning opens or is counted on; in a session of the system."""
    now = clock.now()
    noticed = Noticed(
        device.charger_id,
        await _room(session, device.charger_id, code_of(report.code)),
        report.severity,
        min(report.at, now),
        _plain(report.text),
        report.connector if report.connector in range(MOST_CONNECTORS + 1) else None,
    )
    await troubles.count(session, [(device.charger_id, troubles.Trouble(faults=1))], now)
    (raised,) = await notice(session, [noticed], AlertSource.DEVICE)
    return raised.id


def code_of(said: str) -> str:
    """A device's code in the one form that codes have: `over-temp.2` is OVER_TEMP_2."""
    return _NO_WORD.sub("_", said.upper().encode("ascii", "ignore").decode()).strip("_")[:64].strip("_") or "UNKNOWN"


async def notice(
    session: AsyncSession,
    noticed: Iterable[Noticed],
    source: AlertSource = AlertSource.RULE,
    *,
    every: timedelta = timedelta(0),
) -> list[Raised]:
    """Open what is not open, count what is; in one statement, in a session of the system.

    `every`: what goes on without becoming worse is counted once in so long; what is not counted is not returned.
    """
    merged = merge(noticed)
    if not merged:
        return []
    rows = (await session.execute(_NOTICE, _parameters(merged, source, every))).all()
    happened = [_told(row) for row in rows if row.opened or row.escalated]
    await record_all(session, happened)
    return [Raised(row.id, row.opened, row.escalated) for row in rows]


def merge(noticed: Iterable[Noticed]) -> list[Noticed]:
    """One per charger and code, the worst and latest of it, in the order in which rows are locked."""
    found: dict[tuple[UUID, str], Noticed] = {}
    for each in noticed:
        key = each.charger_id, each.code
        found[key] = _worse(found[key], each) if key in found else each
    return [found[key] for key in sorted(found)]


def _worse(one: Noticed, other: Noticed) -> Noticed:
    worst = max(one, other, key=lambda each: (RANK[each.severity], each.at))
    return replace(worst, at=max(one.at, other.at), count=one.count + other.count)


async def resolve(session: AsyncSession, ids: Sequence[UUID], reason: str) -> int:
    """Close alerts that are over by themselves; how many were open."""
    if not ids:
        return 0
    rows = (await session.execute(_RESOLVE, {"ids": list(ids), "reason": reason})).all()
    told = [
        (AlertClosed(row.charger_id, row.code, row.severity, by_rule=True, reason=reason), _about(row)) for row in rows
    ]
    await record_all(session, told)
    return len(rows)


async def _room(session: AsyncSession, charger_id: UUID, code: str) -> str:
    """The code under which a device's warning is kept: a device that makes up codes without end gets one for all."""
    of_device = select(func.count(), func.bool_or(ChargerAlert.code == code)).where(
        ChargerAlert.charger_id == charger_id,
        ChargerAlert.closed_at.is_(None),
        ChargerAlert.source == AlertSource.DEVICE.value,
    )
    many, known = (await session.execute(of_device)).one()
    return code if known or many < MOST_OPEN else Code.MANY_ALERTS.value


def _plain(said: str) -> str:
    return _UNPRINTABLE.sub(" ", said).strip()[:MOST_TEXT]


def _parameters(noticed: Sequence[Noticed], source: AlertSource, every: timedelta) -> dict[str, Any]:
    return {
        "chargers": [each.charger_id for each in noticed],
        "codes": [each.code for each in noticed],
        "severities": [each.severity.value for each in noticed],
        "times": [each.at for each in noticed],
        "texts": [each.text for each in noticed],
        "connectors": [each.connector for each in noticed],
        "counts": [each.count for each in noticed],
        "source": source.value,
        "every": every,
    }


def _told(row: Any) -> tuple[Payload, About]:
    kind = AlertOpened if row.opened else AlertEscalated
    return kind(row.charger_id, row.code, row.severity, row.connector), _about(row)


def _about(row: Any) -> About:
    return About(
        row.entity_id, row.id, channel=row.channel_organization_ids, contact_ids=[row.owner_contact_id], changes={}
    )


def _rank(column: str) -> str:
    cases = " ".join(f"WHEN '{severity.value}' THEN {rank}" for severity, rank in RANK.items())
    return f"(CASE {column} {cases} END)"


_WORSE = f"({_rank('excluded.severity')} > {_rank('a.severity')})"
_NOTICE = text(f"""
INSERT INTO charger_alert AS a (entity_id, charger_id, channel_organization_ids, owner_contact_id, connector, code,
  severity, source, text, occurrences, opened_at, last_at)
SELECT c.entity_id, c.id, c.channel_organization_ids, c.owner_contact_id, n.connector, n.code,
  n.severity, :source, n.text, n.count, n.at, n.at
FROM unnest(:chargers, :codes, :severities, :times, :texts, :connectors, :counts)
  AS n (charger_id, code, severity, at, text, connector, count)
JOIN charger c ON c.id = n.charger_id
ORDER BY c.id, n.code
ON CONFLICT (charger_id, code) WHERE closed_at IS NULL DO UPDATE SET
  occurrences = a.occurrences + excluded.occurrences,
  last_at = greatest(a.last_at, excluded.last_at),
  text = CASE WHEN excluded.text = '' OR (excluded.last_at < a.last_at AND NOT {_WORSE}) THEN a.text
    ELSE excluded.text END,
  state = CASE WHEN {_WORSE} THEN '{AlertState.OPEN.value}' ELSE a.state END,
  acknowledged_at = CASE WHEN NOT {_WORSE} THEN a.acknowledged_at END,
  acknowledged_by = CASE WHEN NOT {_WORSE} THEN a.acknowledged_by END,
  severity = CASE WHEN {_WORSE} THEN excluded.severity ELSE a.severity END,
  updated_at = now()
WHERE {_WORSE} OR :every = interval '0' OR excluded.last_at >= a.last_at + :every
RETURNING a.id, a.entity_id, a.charger_id, a.channel_organization_ids, a.owner_contact_id, a.connector, a.code,
  a.severity, old.id IS NULL AS opened, old.severity IS DISTINCT FROM new.severity AS escalated
""").bindparams(  # noqa: S608  # constants alone
    bindparam("chargers", type_=ARRAY(Uuid)),
    bindparam("codes", type_=ARRAY(Text)),
    bindparam("severities", type_=ARRAY(Text)),
    bindparam("times", type_=ARRAY(DateTime(timezone=True))),
    bindparam("texts", type_=ARRAY(Text)),
    bindparam("connectors", type_=ARRAY(Integer)),
    bindparam("counts", type_=ARRAY(Integer)),
    bindparam("source", type_=Text),
    bindparam("every", type_=Interval),
)
_RESOLVE = text(f"""
UPDATE charger_alert a SET state = '{AlertState.CLOSED.value}', closed_at = greatest(now(), a.opened_at),
  close_reason = :reason, updated_at = now()
FROM (SELECT id FROM charger_alert WHERE id = ANY (:ids) AND closed_at IS NULL ORDER BY charger_id, code FOR UPDATE) o
WHERE a.id = o.id
RETURNING a.id, a.entity_id, a.charger_id, a.channel_organization_ids, a.owner_contact_id, a.code, a.severity
""").bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("reason", type_=Text))  # noqa: S608  # as above
