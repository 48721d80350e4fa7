"""The monitor of what we promise: opens a breach once, tells of it once, again when nobody sees to it, and closes it.

- One breach is open per partner and promise; what goes on only brings its figures up to date.
- Where many partners miss the same promise at once, it is the platform: one breach of the entity instead of many.
- It is over when the promise was kept for `CALM`; what is back within `FLAPPING` is the same breach, told by nobody.
- While announced maintenance runs, nothing is opened and nothing escalates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.events.record import About, Payload, record_all
from domain.partner_management import events
from domain.partner_management.models import MaintenanceWindow, ServiceBreach, ServiceMetric
from domain.partner_management.readings import Reading, read

CALM = timedelta(minutes=10)
FLAPPING = timedelta(minutes=30)
ESCALATES = {1: timedelta(minutes=30), 2: timedelta(hours=4)}
"""After how long without anybody seeing to it a breach goes to the next level."""
MANY, SHARE = 5, Decimal("0.2")
"""From so many partners, and such a share of those measured, a breach is the platform's."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A promise that is not kept: to a partner, or to `partners` of them."""

    organization_id: UUID | None
    metric: ServiceMetric
    target: Decimal
    value: Decimal
    samples: int
    partners: int = 1


@dataclass(slots=True)
class Looked:
    """What one look changed."""

    opened: int = 0
    escalated: int = 0
    closed: int = 0


def missed(readings: Sequence[Reading]) -> list[Missed]:
    """What is to be open by these readings: per partner, or as one where it is the platform's."""
    found: list[Missed] = []
    for metric in ServiceMetric:
        of = [reading for reading in readings if reading.metric is metric]
        late = [reading for reading in of if not reading.kept]
        if len(late) >= MANY and len(late) >= SHARE * len(of):
            found.append(_as_one(metric, late))
        else:
            found.extend(Missed(r.organization_id, metric, r.target, r.value, r.samples) for r in late)
    return found


def _as_one(metric: ServiceMetric, late: Sequence[Reading]) -> Missed:
    worst = min(late, key=lambda r: r.value) if metric is ServiceMetric.UPTIME else max(late, key=lambda r: r.value)
    return Missed(None, metric, worst.target, worst.value, sum(r.samples for r in late), len(late))


async def look(session: AsyncSession, entity_id: UUID, now: datetime) -> Looked:
    """Compare what was promised with what is, once; in a session of the system, one at a time."""
    await session.execute(_LOCK, {"key": f"promises {entity_id}"})
    done = Looked()
    quiet = await in_maintenance(session, entity_id, now)
    readings = await read(session, entity_id, now)
    late = missed(readings)
    breaches = await _kept(session, entity_id, now)
    told: list[tuple[ServiceBreach, Payload]] = []
    for one in late:
        breach = breaches.get((one.organization_id, one.metric.value))
        told += _again(breach, one, now) if breach else ([] if quiet else [_opened(session, entity_id, one, now, done)])
    for breach in breaches.values():
        if breach.closed_at is None:
            told += _over(breach, late, now, done) if not quiet else []
            told += _escalated(breach, now, done) if not quiet else []
    await session.flush()
    await _tell(session, told)
    return done


async def in_maintenance(session: AsyncSession, entity_id: UUID, now: datetime) -> bool:
    """Whether announced maintenance of the entity is going on."""
    query = select(MaintenanceWindow.id).where(
        MaintenanceWindow.entity_id == entity_id,
        MaintenanceWindow.cancelled_at.is_(None),
        MaintenanceWindow.starts_at <= now,
        MaintenanceWindow.ends_at > now,
    )
    return (await session.execute(query.limit(1))).scalar() is not None


async def _kept(session: AsyncSession, entity_id: UUID, now: datetime) -> dict[tuple[UUID | None, str], ServiceBreach]:
    """Breaches that are open or ended of late; of several the latest, which an open one always is."""
    query = (
        select(ServiceBreach)
        .where(ServiceBreach.entity_id == entity_id)
        .where(ServiceBreach.closed_at.is_(None) | (ServiceBreach.closed_at > now - FLAPPING))
        .order_by(ServiceBreach.closed_at.nulls_last())
        .with_for_update()
    )
    return {(row.organization_id, row.metric): row for row in await session.scalars(query)}


def _opened(
    session: AsyncSession, entity_id: UUID, one: Missed, now: datetime, done: Looked
) -> tuple[ServiceBreach, Payload]:
    breach = ServiceBreach(
        entity_id=entity_id,
        organization_id=one.organization_id,
        metric=one.metric.value,
        target=one.target,
        worst=one.value,
        latest=one.value,
        samples=one.samples,
        partners=one.partners,
        opened_at=now,
        seen_at=now,
    )
    session.add(breach)
    done.opened += 1
    return breach, events.BreachOpened(one.metric, str(one.target), str(one.value))


def _again(breach: ServiceBreach, one: Missed, now: datetime) -> list[tuple[ServiceBreach, Payload]]:
    worse = min if one.metric is ServiceMetric.UPTIME else max
    breach.worst = worse(breach.worst, one.value)
    breach.target, breach.latest, breach.samples, breach.partners = one.target, one.value, one.samples, one.partners
    breach.seen_at = now
    if breach.closed_at is None:
        return []
    breach.closed_at = None
    return [(breach, events.BreachReopened(one.metric, str(one.target), str(one.value)))]


def _over(
    breach: ServiceBreach, late: Iterable[Missed], now: datetime, done: Looked
) -> list[tuple[ServiceBreach, Payload]]:
    goes_on = any((one.organization_id, one.metric.value) == (breach.organization_id, breach.metric) for one in late)
    if goes_on or now - breach.seen_at < CALM:
        return []
    breach.closed_at = now
    done.closed += 1
    return [(breach, events.BreachClosed(breach.metric, str(breach.target), str(breach.latest)))]


def _escalated(breach: ServiceBreach, now: datetime, done: Looked) -> list[tuple[ServiceBreach, Payload]]:
    waits = ESCALATES.get(breach.level)
    if breach.closed_at or breach.acknowledged_at or waits is None or now - breach.opened_at < waits:
        return []
    breach.level += 1
    done.escalated += 1
    value = str(breach.latest)
    return [(breach, events.BreachEscalated(breach.metric, str(breach.target), value, breach.level))]


async def _tell(session: AsyncSession, told: Sequence[tuple[ServiceBreach, Payload]]) -> None:
    ids = {breach.organization_id for breach, _ in told if breach.organization_id}
    query = select(Contact.id, Contact.chain_organization_ids).where(Contact.id.in_(ids))
    chains = {id: list(chain) or [id] for id, chain in (await session.execute(query)).all()} if ids else {}
    await record_all(
        session,
        [
            (
                happened,
                About(
                    breach.entity_id,
                    breach.id,
                    [breach.organization_id],
                    chains.get(breach.organization_id, []) if breach.organization_id else [],
                ),
            )
            for breach, happened in told
        ],
    )


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
