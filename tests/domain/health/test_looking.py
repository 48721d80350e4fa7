"""Who is silent, what is over, and what many chargers score: set-based, over those of the test alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.models import Charger, ChargerState, Connector, ConnectorStatus, Protocol
from domain.events.models import Event
from domain.health import alerts, assessing, closing, following, offline, troubles
from domain.health.alerts import AlertReport, Noticed
from domain.health.models import ChargerAlert, ChargerHealth, Code, Hearing, Severity
from domain.health.scoring import Cause
from domain.health.thresholds import COOL_FOR, DEAF_AT_MOST, MANY_SILENT, OFFLINE_AFTER
from domain.health.troubles import Trouble
from domain.telemetry.models import TelemetryHour, TelemetryMinute
from domain.telemetry.readings import Reading
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests import factories
from tests.domain.health.chargers import device

MINUTE = timedelta(minutes=1)
NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)


@pytest.fixture(scope="module")
async def own(settings: Settings, story_database: str) -> AsyncIterator[Database]:
    """A look is at all chargers."""
    database = Database(story_database, role_password(settings))
    yield database
    await database.close()


@pytest.fixture
async def session(own: Database) -> AsyncIterator[AsyncSession]:
    """Nothing is committed."""
    async with own.session(SYSTEM) as session:
        yield session
        await session.rollback()


async def _fleet(session: AsyncSession, many: int, **values: Any) -> list[UUID]:
    entity = await factories.business_entity(session)
    rows = [
        {
            "entity_id": entity.id,
            "identity": factories.unique("C-"),
            "vendor": "Maker",
            "max_power_w": 22_000,
            "state": ChargerState.IN_SERVICE.value,
            "protocol": Protocol.OCPP16.value,
            "connected": True,
            "last_seen_at": NOW,
        }
        | values
        for _ in range(many)
    ]
    return list(await session.scalars(insert(Charger).returning(Charger.id), rows))


async def _seen(session: AsyncSession, ids: list[UUID], at: datetime) -> None:
    await session.execute(update(Charger).where(Charger.id.in_(ids)).values(last_seen_at=at))


async def _open(session: AsyncSession, code: Code) -> dict[UUID, ChargerAlert]:
    query = select(ChargerAlert).where(ChargerAlert.code == code.value, ChargerAlert.closed_at.is_(None))
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return {row.charger_id: row for row in rows}


async def test_who_is_silent_for_three_heartbeats_is_offline_and_back_when_heard(session: AsyncSession) -> None:
    quiet, *well = await _fleet(session, 5)
    await _seen(session, [quiet], NOW - OFFLINE_AFTER - MINUTE)
    assert (await offline.look(session, NOW)).opened == 1
    assert set(await _open(session, Code.OFFLINE)) == {quiet}
    again = await offline.look(session, NOW + MINUTE)
    assert (again.opened, again.closed) == (0, 0)
    await _seen(session, well, NOW + timedelta(days=1))
    await offline.look(session, NOW + timedelta(days=1))
    assert (await _open(session, Code.OFFLINE))[quiet].severity == Severity.CRITICAL
    await _seen(session, [quiet], NOW + timedelta(days=1))
    assert (await offline.look(session, NOW + timedelta(days=1))).closed == 1


async def test_where_most_fall_silent_at_once_it_is_we_who_do_not_hear(session: AsyncSession) -> None:
    ids = await _fleet(session, MANY_SILENT + 10)
    others = await _fleet(session, 3, protocol=Protocol.MQTT.value)
    await _seen(session, [*ids, others[0]], NOW - OFFLINE_AFTER - MINUTE)
    first = await offline.look(session, NOW)
    assert first.deaf == (Protocol.OCPP16,)
    assert set(await _open(session, Code.OFFLINE)) == {others[0]}  # the other protocol is heard
    await _seen(session, ids[:-2], NOW + 2 * MINUTE)
    second = await offline.look(session, NOW + 2 * MINUTE)
    assert (second.deaf, second.opened) == ((), 0)  # the last two have time to come back
    late = NOW + 3 * MINUTE + OFFLINE_AFTER
    await _seen(session, [*ids[:-2], *others[1:]], late)
    assert (await offline.look(session, late)).opened == 2
    assert set(await _open(session, Code.OFFLINE)) == {others[0], *ids[-2:]}


async def test_a_silence_of_an_hour_is_told_whatever_the_reason(session: AsyncSession) -> None:
    ids = await _fleet(session, MANY_SILENT + 1)
    await _seen(session, ids, NOW - timedelta(hours=2))
    assert (await offline.look(session, NOW)).opened == 0
    assert (await offline.look(session, NOW + DEAF_AT_MOST)).opened == len(ids)
    hearing = await session.get_one(Hearing, Protocol.OCPP16.value)
    assert hearing.deaf_since is None


async def test_who_is_not_in_service_is_not_missed(session: AsyncSession) -> None:
    (one,) = await _fleet(session, 1, last_seen_at=NOW - timedelta(days=2))
    assert (await offline.look(session, NOW)).opened == 1
    await session.execute(update(Charger).where(Charger.id == one).values(state=ChargerState.SUSPENDED.value))
    assert (await offline.look(session, NOW)).closed == 1
    assert (await offline.look(session, NOW)).opened == 0


async def test_what_has_cooled_or_is_mended_or_quiet_is_over(session: AsyncSession) -> None:
    cool, warm, mended, faulted, quiet = await _fleet(session, 5)
    long_ago = NOW - timedelta(hours=25)
    heat, fault = Code.OVER_TEMPERATURE.value, Code.CONNECTOR_FAULTED.value
    await alerts.notice(
        session,
        [Noticed(id, heat, Severity.WARNING, NOW - COOL_FOR - MINUTE) for id in (cool, warm)]
        + [Noticed(id, fault, Severity.WARNING, NOW) for id in (mended, faulted)],
    )
    row = await session.get_one(Charger, quiet)
    await alerts.raise_(session, device(row), AlertReport("FAN", Severity.WARNING, long_ago))
    given = {"connector": 1, "readings": 1, "power_readings": 0, "at": NOW - MINUTE}
    await session.execute(
        insert(TelemetryMinute),
        [
            given | {"charger_id": cool, "temperature_max_dc": 599},
            given | {"charger_id": warm, "temperature_max_dc": 600},
        ],
    )
    plug = {"number": 1, "max_power_w": 22_000, "status": ConnectorStatus.FAULTED.value}
    session.add(Connector(entity_id=row.entity_id, charger_id=faulted, **plug))
    await session.flush()
    assert await closing.look(session, NOW) == 3
    assert set(await _open(session, Code.OVER_TEMPERATURE)) == {warm}
    assert set(await _open(session, Code.CONNECTOR_FAULTED)) == {faulted}


class _Stored:
    def __init__(self, *readings: Reading) -> None:
        self.inserted = readings


async def test_hot_readings_open_an_alert_and_cool_ones_ask_nothing(session: AsyncSession) -> None:
    (id,) = await _fleet(session, 1)
    now = clock.now()

    def reading(temperature: int, at: datetime = now) -> Reading:
        return Reading(charger_id=id, connector=1, read_at=at, temperature_dc=temperature)

    old = reading(900, now - timedelta(hours=2))
    await following.follow(session, _Stored(reading(699), old))
    assert await _open(session, Code.OVER_TEMPERATURE) == {}
    await following.follow(session, _Stored(reading(701), reading(855, now - MINUTE)))
    alert = (await _open(session, Code.OVER_TEMPERATURE))[id]
    assert (alert.severity, alert.text, alert.connector) == (Severity.CRITICAL, "85.5 °C", 1)


def _hours(id: UUID, first: datetime, watts: int, **values: Any) -> list[dict[str, Any]]:
    given = {"charger_id": id, "connector": 1, "energy_wh": watts, "power_max_w": watts, "readings": 60}
    given |= {"power_readings": 60, "soc_max_percent": 50, "temperature_max_dc": 400}
    return [given | {"at": first + timedelta(hours=n)} | values for n in range(6)]


async def test_power_is_compared_with_what_it_was_in_like_hours(session: AsyncSession) -> None:
    weak, young, full = await _fleet(session, 3)
    hour = NOW.replace(minute=0)
    before, late = hour - timedelta(days=20), hour - timedelta(days=2)
    rows = [
        *_hours(weak, before, 20_000),
        *_hours(weak, late, 12_000),
        *_hours(young, late, 7_000),
        *_hours(full, before, 20_000),
        *_hours(full, late, 9_000, soc_max_percent=90),
    ]
    await session.execute(text("SELECT make_telemetry_months(:first, now())"), {"first": before})
    await session.execute(insert(TelemetryHour), rows)
    await assessing.assess(session, [weak, young, full], NOW)
    figures = {row.charger_id: row for row in await session.scalars(select(ChargerHealth))}
    assert (figures[weak].power_w, figures[weak].expected_power_w, figures[weak].power_percent) == (12_000, 20_000, 60)
    assert figures[young].power_percent is None
    assert figures[full].power_percent is None
    assert set(await _open(session, Code.DEGRADED_POWER)) == {weak}


async def test_a_score_is_kept_with_its_reasons_and_its_alert_follows_it(session: AsyncSession) -> None:
    ill, well = await _fleet(session, 2)
    await troubles.count(session, [(ill, Trouble(faults=29, restarts=20))], NOW - timedelta(days=6))
    await troubles.count(session, [(ill, Trouble(faults=1)), (well, Trouble(faults=1))], NOW)
    assert await assessing.due(session, NOW, None) == sorted([ill, well])
    scores = await assessing.assess(session, [ill, well], NOW)
    assert (scores[ill].value, scores[well].value) == (75, 0)
    kept = await session.get_one(ChargerHealth, ill)
    assert (kept.score, [reason["cause"] for reason in kept.reasons]) == (75, [Cause.FAULTS, Cause.RESTARTS])
    assert set(await _open(session, Code.FAILURE_PREDICTED)) == {ill}
    assert await assessing.due(session, NOW + timedelta(minutes=5), None) == []
    later = NOW + timedelta(days=8)
    assert (await assessing.assess(session, [ill], later))[ill].value == 0
    assert await _open(session, Code.FAILURE_PREDICTED) == {}
    told = select(Event.type).where(Event.subject_type == "ChargerAlert", Event.payload["code"].astext == "ERROR_RATE")
    assert list(await session.scalars(told.order_by(Event.created_at))) == [
        "charger_alert.opened",
        "charger_alert.closed",
    ]
