"""A chart's points: whole buckets, gaps that show, and nothing of a charger that is not seen."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.chargers.models import Charger
from domain.sessions.models import ReportKind
from domain.telemetry.readings import Reading
from domain.telemetry.store import store
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, gid
from tests.charging import after, charging_yard
from tests.domain.telemetry.measuring import charger, run_of

_ASKED = """query($id: ID!, $resolution: TelemetryResolution!, $from: DateTime!, $until: DateTime!) {
  telemetrySeries(chargerId: $id, connector: 1, resolution: $resolution, from: $from, until: $until) {
    at until readings energyWh averagePowerW maxPowerW registerWh sequence revision } }"""
_NIGHT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


class Place:
    """An entity's charger and who looks at it."""

    def __init__(self, asker: Asker, charger_id: UUID, stranger: Asker) -> None:
        self.asker, self.charger_id, self.stranger = asker, charger_id, stranger

    async def series(self, resolution: str, since: datetime, until: datetime, by: Asker | None = None) -> Any:
        given = {"resolution": resolution, "from": since.isoformat(), "until": until.isoformat()}
        data = await (by or self.asker).ask(_ASKED, id=gid("Charger", self.charger_id), **given)
        return data["telemetrySeries"]


@pytest.fixture
async def place(database: Database, settings: Settings) -> Place:
    """Two hours of readings around the hour that comes twice, without the minutes from 0:40 to 1:10 (UTC)."""
    async with database.session(SYSTEM) as session:
        entity, other = await factories.business_entity(session), await factories.business_entity(session)
        charger_id = await charger(session, entity)
        run = run_of(charger_id, _NIGHT, 720)
        gap = (_NIGHT + timedelta(minutes=10), _NIGHT + timedelta(minutes=40))
        await store(session, [reading for reading in run if not gap[0] <= reading.read_at < gap[1]])
        staff, stranger = [await factories.actor_with(session, Role.OPERATIONS, each) for each in (entity, other)]
    return Place(Asker(database, settings, staff), charger_id, Asker(database, settings, stranger))


async def test_minutes_show_their_gap_and_energy_stands_where_the_next_reading_is(place: Place) -> None:
    points = await place.series("MINUTE", _NIGHT + timedelta(seconds=30), _NIGHT + timedelta(hours=1))
    assert len(points) == 60
    assert [point["readings"] for point in points] == [6] * 10 + [0] * 30 + [6] * 20
    assert [points[at]["energyWh"] for at in (0, 1, 20, 40, 41)] == ["100", "120", None, "3720", "120"]
    assert (points[0]["at"], points[0]["until"]) == ("2026-10-25T00:30:00Z", "2026-10-25T00:31:00Z")
    assert points[0]["averagePowerW"] == points[0]["maxPowerW"] == 7_200


async def test_hours_and_days_add_up_to_the_register(place: Place) -> None:
    hours = await place.series("HOUR", _NIGHT, _NIGHT + timedelta(hours=3))
    days = await place.series("DAY", _NIGHT - timedelta(days=1), _NIGHT + timedelta(days=1))
    assert [hour["readings"] for hour in hours] == [60, 300, 180, 0]
    assert sum(int(hour["energyWh"] or 0) for hour in hours) == 719 * 20
    assert [(day["at"], day["until"], day["readings"], day["energyWh"]) for day in days] == [
        ("2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z", 0, None),
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 540, str(719 * 20)),
        ("2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z", 0, None),
    ]


async def test_readings_as_they_came_say_how_much_the_register_rose(place: Place, database: Database) -> None:
    at = _NIGHT + timedelta(minutes=40)
    async with database.session(SYSTEM) as session:
        await store(session, [Reading(place.charger_id, 1, at + timedelta(seconds=5), 900, 2, power_w=3)])
    points = await place.series("RAW", at, at + timedelta(seconds=20))
    found = [(p["energyWh"], p["registerWh"], p["maxPowerW"], p["sequence"], p["revision"]) for p in points]
    assert found == [("3620", "5800", 7_200, 240, 0), (None, None, 3, 900, 2), ("20", "5820", 7_200, 241, 0)]
    assert {point["until"] for point in points} == {None}


async def test_a_span_however_long_gives_so_many_points_and_none_after_now(place: Place) -> None:
    long = await place.series("MINUTE", datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
    assert (len(long), long[-1]["until"]) == (2_000, "1900-01-02T09:20:00Z")
    now = datetime.now(UTC)
    coming = await place.series("DAY", now - timedelta(days=1), now + timedelta(days=700))
    assert len(coming) == 2
    assert await place.series("HOUR", now, now - timedelta(days=1)) == []


async def test_its_owner_and_the_partner_of_its_channel_see_it_and_others_like_them_do_not(
    place: Place, database: Database, settings: Settings
) -> None:
    async with database.session(SYSTEM) as session:
        made = await session.get_one(Charger, place.charger_id)
        entity = await session.get_one(BusinessEntity, made.entity_id)
        owner, other = [await factories.person(session, entity) for _ in range(2)]
        partner, rival = [await factories.organization(session, entity) for _ in range(2)]
        made.owner_contact_id, made.channel_organization_ids = owner.id, [partner.id]
        customers = [await factories.actor_with(session, Role.CHARGER_OWNER, entity, contact=c) for c in (owner, other)]
        partners = [
            await factories.actor_with(session, Role.PARTNER_ADMIN, entity, organization=each)
            for each in (partner, rival)
        ]
    for resolution in ("RAW", "MINUTE", "HOUR", "DAY"):
        for actor, sees in zip([*customers, *partners], [True, False] * 2, strict=True):
            asker = Asker(database, settings, actor)
            points = await place.series(resolution, _NIGHT, _NIGHT + timedelta(minutes=5), asker)
            assert bool(points) is sees, (resolution, actor.role)


async def test_a_charger_that_is_not_seen_has_no_points_not_even_gaps(place: Place) -> None:
    for resolution in ("RAW", "MINUTE", "HOUR", "DAY"):
        assert await place.series(resolution, _NIGHT, _NIGHT + timedelta(hours=1), place.stranger) == []


async def test_a_driver_sees_what_a_public_charger_measured_while_he_charged_there(
    database: Database, settings: Settings
) -> None:
    """And a stranger nothing: when and how much others charge is theirs and the owner's."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        driver = await factories.actor_with(session, Role.EV_DRIVER, yard.entity, contact=yard.driver)
        stranger = await factories.actor_with(
            session, Role.EV_DRIVER, yard.entity, contact=await factories.person(session, yard.entity)
        )
        await yard.report(session, ReportKind.STARTED, 10, transaction_id="7", id_token=yard.token.token)
        await yard.report(session, ReportKind.ENDED, 20, transaction_id="7")
        await store(session, [yard.reading(minute + 0.5, 60 * minute) for minute in range(30)])
    seen = {}
    for name, actor in (("driver", driver), ("stranger", stranger)):
        place = Place(Asker(database, settings, actor), yard.charger.id, Asker(database, settings, actor))
        for resolution in ("RAW", "MINUTE", "HOUR", "DAY"):
            points = await place.series(resolution, after(0), after(60))
            seen[name, resolution] = sum(point["readings"] for point in points)
    assert {key for key, readings in seen.items() if readings} == {("driver", "RAW"), ("driver", "MINUTE")}
    assert seen["driver", "RAW"] == 10


async def test_a_connector_that_cannot_be_has_measured_nothing(place: Place) -> None:
    asked = _ASKED.replace("connector: 1,", "connector: 70000,")
    span = {"from": _NIGHT.isoformat(), "until": (_NIGHT + timedelta(minutes=5)).isoformat()}
    data = await place.asker.ask(asked, id=gid("Charger", place.charger_id), resolution="RAW", **span)
    assert data["telemetrySeries"] == []
