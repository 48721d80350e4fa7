"""What of a session lies in which hour: kept beside it, so that use is a sum and not a walk through readings."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.sessions.measuring import Span, cut
from domain.sessions.models import ChargingSession, SessionHour
from domain.tariffs.usage import Interval

_HOUR = timedelta(hours=1)


class InHour(NamedTuple):
    hour: datetime
    energy_wh: int
    connected_seconds: int
    charging_seconds: int


def by_hour(intervals: Iterable[Interval]) -> list[InHour]:
    """Energy, connected and charging time per hour; energy adds up to the whole. Seconds are rounded down."""
    energy: defaultdict[datetime, int] = defaultdict(int)
    connected: defaultdict[datetime, timedelta] = defaultdict(timedelta)
    charging: defaultdict[datetime, timedelta] = defaultdict(timedelta)
    for each in intervals:
        for part in cut(Span(each.start, each.end, int(each.energy_wh)), _edges(each)):
            hour = _hour(part.start)
            energy[hour] += part.wh
            connected[hour] += part.end - part.start
            if each.charging:
                charging[hour] += part.end - part.start
    return [
        InHour(hour, energy[hour], int(connected[hour].total_seconds()), int(charging[hour].total_seconds()))
        for hour in sorted(energy)
    ]


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _edges(interval: Interval) -> Iterator[datetime]:
    edge = _hour(interval.start) + _HOUR
    while edge < interval.end:
        yield edge
        edge += _HOUR


async def keep(session: AsyncSession, row: ChargingSession, intervals: Iterable[Interval]) -> None:
    """Write the hours of a session that has ended, in place of those that were written before."""
    await session.execute(delete(SessionHour).where(SessionHour.session_id == row.id))
    found = [
        {
            "session_id": row.id,
            "entity_id": row.entity_id,
            "charger_id": row.charger_id,
            "owner_contact_id": row.owner_contact_id,
            "channel_organization_ids": row.channel_organization_ids,
            **each._asdict(),
        }
        for each in by_hour(intervals)
    ]
    if found:
        await session.execute(insert(SessionHour).inline(), found)
