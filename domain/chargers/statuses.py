"""What chargers report of themselves: that they have started, and how their connectors are. For the system.

The row says it at once; the event log at most once per connector in `TOLD_APART`, so a contact that bounces is no
storm of events. `tell` writes what was left to be told.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.events import ChargerBooted, ChargerEvent, ChargerStatusChanged, about
from domain.chargers.models import MOST_CONNECTORS, Charger, ChargerState, Connector
from domain.chargers.reports import Boot, ConnectorReport
from domain.events.record import About, record_all
from domain.rows import find

TOLD_APART = timedelta(seconds=2)
AHEAD = timedelta(minutes=10)
"""How far a charger's clock may be ahead."""
_MOST_TOLD = 500
_MAX_CODE = 64
_MAX_VERSION = 50


def refusal(report: ConnectorReport) -> str | None:
    """Why a report of a connector is impossible, by its code; None where it is not."""
    if not 0 <= report.number <= MOST_CONNECTORS:
        return "UNKNOWN_CONNECTOR"
    return "FUTURE_CLOCK" if report.at > datetime.now(UTC) + AHEAD else None


async def boot(session: AsyncSession, charger_id: UUID, said: Boot) -> tuple[Charger, list[str]]:
    """The charger has started: it is in service. Which of what it says of itself differs from what is recorded.

    What was registered stays; what was not is filled in. The firmware is always what it says. One that starts again and
    again is told of once in half a minute.
    """
    charger = await find(session, Charger, charger_id, lock=True)
    before = (charger.state, charger.firmware_version)
    if charger.state == ChargerState.ENROLLED:
        charger.state = ChargerState.IN_SERVICE.value
    differs = [name for name in ("vendor", "model", "serial_number") if _differs(charger, said, name)]
    charger.model = charger.model or said.model[:_MAX_VERSION]
    if charger.serial_number is None and said.serial_number:
        charger.serial_number = await _free_serial(session, charger, said.serial_number[:_MAX_VERSION])
    charger.firmware_version = said.firmware_version[:_MAX_VERSION] or charger.firmware_version
    now = datetime.now(UTC)
    changed = before != (charger.state, charger.firmware_version)
    if changed or charger.booted_at is None or _half_minute(now) != _half_minute(charger.booted_at):
        happened = ChargerBooted(charger.identity, charger.firmware_version, said.reason[:_MAX_CODE])
        await record_all(session, [(happened, about(charger))])
    charger.booted_at = charger.last_seen_at = now
    return charger, differs


def _half_minute(at: datetime) -> int:
    return int(at.timestamp()) // 30


def _differs(charger: Charger, said: Boot, name: str) -> bool:
    recorded, given = getattr(charger, name), getattr(said, name)
    return bool(recorded and given) and recorded.casefold() != given[:_MAX_VERSION].casefold()


async def _free_serial(session: AsyncSession, charger: Charger, serial: str) -> str | None:
    """The serial number, unless another charger of that make has it."""
    taken = select(Charger.id).where(
        Charger.entity_id == charger.entity_id, Charger.vendor == charger.vendor, Charger.serial_number == serial
    )
    return None if (await session.execute(taken)).first() else serial


async def report(session: AsyncSession, charger_id: UUID, said: ConnectorReport) -> bool:
    """Take note of how a connector is; False for what is older than what is known. A new number is a new connector."""
    charger = await find(session, Charger, charger_id)
    at = min(said.at, datetime.now(UTC))
    if said.number == 0:
        return await _of_the_whole(session, charger.id, said, at)
    row = await _connector(session, charger, said.number)
    if row.status_at is not None and at < row.status_at:
        return False
    row.status, row.error_code, row.status_at = said.status.value, _code(said), at
    if row.status != row.told_status and _due(row):
        await _tell(session, [(row, charger)])
    return True


async def _of_the_whole(session: AsyncSession, charger_id: UUID, said: ConnectorReport, at: datetime) -> bool:
    charger = await find(session, Charger, charger_id, lock=True)
    if charger.status_at is not None and at < charger.status_at:
        return False
    before, changed = charger.status, charger.status != said.status or charger.error_code != _code(said)
    quiet = charger.status_at is None or at - charger.status_at >= TOLD_APART
    charger.status, charger.error_code, charger.status_at = said.status.value, _code(said), at
    if changed and quiet:
        happened = ChargerStatusChanged(charger.identity, 0, charger.status, charger.error_code, before)
        await record_all(session, [(happened, about(charger))])
    return True


def _code(said: ConnectorReport) -> str | None:
    return (said.error_code or "")[:_MAX_CODE] or None


async def _connector(session: AsyncSession, charger: Charger, number: int) -> Connector:
    """The connector, locked; made where the charger has one that was not registered."""
    new = {
        "charger_id": charger.id,
        "entity_id": charger.entity_id,
        "number": number,
        "max_power_w": charger.max_power_w,
    }
    query = select(Connector).where(Connector.charger_id == charger.id, Connector.number == number).with_for_update()
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        await session.execute(insert(Connector).values(new).on_conflict_do_nothing())
        row = (await session.execute(query)).scalar_one()
    return row


def _due(row: Connector) -> bool:
    return row.told_at is None or row.told_at <= datetime.now(UTC) - TOLD_APART


async def _tell(session: AsyncSession, changed: list[tuple[Connector, Charger]]) -> None:
    happened: list[tuple[ChargerEvent, About]] = []
    for row, charger in changed:
        said = ChargerStatusChanged(charger.identity, row.number, row.status, row.error_code, row.told_status)
        happened.append((said, about(charger)))
        row.told_status, row.told_at = row.status, datetime.now(UTC)
    await record_all(session, happened)


async def tell(session: AsyncSession) -> int:
    """Write to the log what changed too soon after what was told before; how many. Two at once share them."""
    query = (
        select(Connector, Charger)
        .join(Charger, Charger.id == Connector.charger_id)
        .where(Connector.status != Connector.told_status)
        .where(Connector.told_at <= datetime.now(UTC) - TOLD_APART)
        .limit(_MOST_TOLD)
        .with_for_update(skip_locked=True, of=Connector)
    )
    changed = [(row[0], row[1]) for row in await session.execute(query)]
    await _tell(session, changed)
    return len(changed)
