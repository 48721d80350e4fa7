"""How a charger proves who it is. For the system: nobody else reads or writes hashes.

A charger has at most two credentials: the one in use and, while it changes over, the one before. Mosquitto checks
the same hashes from its password file (`accepted`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from domain.chargers import hashing
from domain.chargers.errors import ChargerRetired, NotEnrolled
from domain.chargers.events import ChargerCredentialsRotated, about
from domain.chargers.hashing import Hashed
from domain.chargers.models import Charger, ChargerState, DeviceConnection, DeviceCredential, is_identity
from domain.chargers.signals import credentials_changed, dismiss
from domain.events.record import record_all
from domain.rows import actor_of, find
from domain.validation import integer

OVERLAP = timedelta(days=7)
LONGEST_OVERLAP_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Device:
    """A charger that has proved who it is."""

    charger_id: UUID
    entity_id: UUID
    identity: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A credential that a broker may accept; `password` in the form of Mosquitto's files."""

    identity: str
    password: str


async def verify(session: AsyncSession, identity: str, secret: bytes) -> Device | None:
    """The charger of that identity if the secret is one of its live ones; as long for one that does not exist."""
    found = await _live(session, identity) if is_identity(identity) else []
    if not found:
        hashing.waste(secret)
        return None
    match = next((row for row, _ in found if hashing.holds(_hashed(row), secret)), None)
    if match is None:
        return None
    charger = found[0][1]
    if match.first_used_at is None:
        await _first_use(session, match)
    return Device(charger.id, charger.entity_id, charger.identity)


async def _live(session: AsyncSession, identity: str) -> Sequence[tuple[DeviceCredential, Charger]]:
    query = (
        select(DeviceCredential, Charger)
        .join(Charger, Charger.id == DeviceCredential.charger_id)
        .where(Charger.identity == identity, Charger.state != ChargerState.RETIRED, is_live())
        .order_by(DeviceCredential.created_at.desc())
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


def is_live() -> ColumnElement[bool]:
    """Neither revoked nor over."""
    over = or_(DeviceCredential.expires_at.is_(None), DeviceCredential.expires_at > datetime.now(UTC))
    return DeviceCredential.revoked_at.is_(None) & over


async def _first_use(session: AsyncSession, credential: DeviceCredential) -> None:
    """The charger has the new secret: the one before is of no use to anybody honest."""
    now = datetime.now(UTC)
    credential.first_used_at = now
    older = (
        DeviceCredential.charger_id == credential.charger_id,
        DeviceCredential.created_at < credential.created_at,
        DeviceCredential.revoked_at.is_(None),
    )
    await session.execute(update(DeviceCredential).where(*older).values(revoked_at=now))


def _hashed(row: DeviceCredential) -> Hashed:
    return Hashed(row.salt, row.secret_hash, row.iterations)


async def issue(session: AsyncSession, charger: Charger, requested_by: UUID | None = None) -> str:
    """A new secret of a charger, which is shown once and kept as a hash."""
    secret = hashing.new_secret()
    made = hashing.hashed(secret)
    row = DeviceCredential(
        charger_id=charger.id,
        entity_id=charger.entity_id,
        salt=made.salt,
        secret_hash=made.hash,
        iterations=made.iterations,
        created_by=requested_by,
    )
    session.add(row)
    await session.flush()
    await credentials_changed(session, charger.id)
    return secret


async def rotate(
    session: AsyncSession, charger_id: UUID, *, overlap_seconds: int = int(OVERLAP.total_seconds())
) -> tuple[Charger, str]:
    """A new secret beside the old one, which is good for `overlap_seconds` or until the new one is used; 0: not at all.

    Raises: NotFound, ChargerRetired, NotEnrolled.
    """
    integer(overlap_seconds, 0, LONGEST_OVERLAP_SECONDS, "overlap_seconds")
    charger = await find(session, Charger, charger_id, lock=True, field=("charger_id",))
    if charger.state == ChargerState.RETIRED:
        raise ChargerRetired(field=("charger_id",))
    if charger.state == ChargerState.REGISTERED:
        raise NotEnrolled(field=("charger_id",))
    until = datetime.now(UTC) + timedelta(seconds=overlap_seconds)
    await _replace(session, charger.id, until, at_once=overlap_seconds == 0)
    secret = await issue(session, charger, actor_of(session).user_id)
    if overlap_seconds == 0:
        await disconnect(session, charger.id)
    happened = ChargerCredentialsRotated(charger.identity, until.isoformat() if overlap_seconds else None)
    await record_all(session, [(happened, about(charger))])
    return charger, secret


async def disconnect(session: AsyncSession, charger_id: UUID) -> None:
    """Its connection is void: whoever has the old secret has to leave."""
    opened = DeviceConnection.charger_id == charger_id, DeviceConnection.ended_at.is_(None)
    values = {"ended_at": datetime.now(UTC), "end_reason": "CREDENTIALS_ROTATED"}
    await session.execute(update(DeviceConnection).where(*opened).values(**values))
    await dismiss(session, charger_id)


async def _replace(session: AsyncSession, charger_id: UUID, until: datetime, *, at_once: bool) -> None:
    """The newest live credential ends at `until`; those before it, which a rotation was to end, end now."""
    query = (
        select(DeviceCredential)
        .where(DeviceCredential.charger_id == charger_id, is_live())
        .order_by(DeviceCredential.created_at.desc(), DeviceCredential.id.desc())
        .with_for_update()
    )
    live = list((await session.execute(query)).scalars())
    used = next((row for row in live if row.first_used_at is not None), live[0] if live else None)
    for row in live:
        if row is used and not at_once:
            row.expires_at = min(until, row.expires_at or until)
        else:
            row.revoked_at = datetime.now(UTC)
    await session.flush()


async def accepted(session: AsyncSession) -> list[Accepted]:
    """Everything that a broker is to accept now, newest first per charger: it keeps one password per identity."""
    query = (
        select(Charger.identity, DeviceCredential)
        .join(Charger, Charger.id == DeviceCredential.charger_id)
        .where(Charger.state != ChargerState.RETIRED, is_live())
        .order_by(Charger.identity, DeviceCredential.created_at.desc())
    )
    rows = await session.execute(query)
    return [Accepted(identity, hashing.mosquitto(_hashed(row))) for identity, row in rows]
