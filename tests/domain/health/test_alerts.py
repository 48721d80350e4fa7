"""Alerts: one per charger and code while it is open, what repeats is counted, what becomes worse is told again."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from domain.chargers.models import Charger
from domain.events.models import Event
from domain.health import alerts
from domain.health.alerts import AlertReport, Noticed, code_of, merge
from domain.health.models import AlertState, ChargerAlert, ChargerTroubleHour, Code, Severity
from domain.health.thresholds import COUNT_EVERY, MOST_OPEN
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.domain.health.chargers import charger, device

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
W, C = Severity.WARNING, Severity.CRITICAL


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("over-temp.2", "OVER_TEMP_2"),
        ("GroundFailure", "GROUNDFAILURE"),
        ("", "UNKNOWN"),
        ("°°", "UNKNOWN"),
        ("_x" * 60, ("X_" * 60)[:63]),
    ],
)
def test_codes_of_devices_have_one_form(said: str, code: str) -> None:
    assert code_of(said) == code


def test_what_is_noticed_twice_in_one_go_is_one_with_the_worst_of_it() -> None:
    id = uuid4()
    early, late = NOW, NOW + timedelta(minutes=1)
    merged = merge([Noticed(id, "X", C, early, "bad"), Noticed(id, "X", W, late, "warm", count=2)])
    assert merged == [Noticed(id, "X", C, late, "bad", count=3)]


async def test_a_warning_that_comes_late_is_counted_and_the_newer_one_stays(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        known = device(await charger(session))
        first = await alerts.raise_(session, known, AlertReport("FAN", W, NOW, "stuck"))
        late = AlertReport("FAN", W, NOW - timedelta(hours=1), "slow", connector=2**40)
        assert await alerts.raise_(session, known, late) == first
        alert = await session.get_one(ChargerAlert, first, populate_existing=True)
        assert (alert.occurrences, alert.last_at, alert.text) == (2, NOW, "stuck")


async def test_a_connector_that_cannot_be_is_none(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        known = device(await charger(session))
        for number in (2**63 - 1, 2**31, -1, 21):
            id = await alerts.raise_(session, known, AlertReport("FAN", W, NOW, connector=number))
        assert (await session.get_one(ChargerAlert, id)).connector is None


async def test_an_alert_is_opened_once_counted_and_escalated(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        known = device(await charger(session))
        first = await alerts.raise_(session, known, AlertReport("fan-stuck", W, NOW, "Fan\x00 is stuck", 2))
        again = await alerts.raise_(session, known, AlertReport("FAN_STUCK", W, NOW))
        worse = await alerts.raise_(session, known, AlertReport("fan stuck", C, NOW, "It burns"))
        assert first == again == worse
        alert = await session.get_one(ChargerAlert, first, populate_existing=True)
        assert (alert.code, alert.severity, alert.occurrences, alert.connector) == ("FAN_STUCK", C, 3, 2)
        assert alert.text == "It burns"
        told = await session.scalars(select(Event.type).where(Event.subject_id == first).order_by(Event.created_at))
        assert list(told) == ["charger_alert.opened", "charger_alert.escalated"]
        hours = select(ChargerTroubleHour.faults).where(ChargerTroubleHour.charger_id == known.charger_id)
        assert list(await session.scalars(hours)) == [3]


async def test_what_goes_on_is_counted_once_a_while_and_what_is_over_can_begin_anew(database: Database) -> None:
    def seen(minutes: float) -> list[Noticed]:
        return [Noticed(own, Code.OVER_TEMPERATURE.value, W, NOW + timedelta(minutes=minutes))]

    async with database.session(SYSTEM) as session:
        own = (await charger(session)).id
        (first,) = await alerts.notice(session, seen(0), every=COUNT_EVERY)
        assert await alerts.notice(session, seen(0.5), every=COUNT_EVERY) == []
        (counted,) = await alerts.notice(session, seen(1), every=COUNT_EVERY)
        assert (counted.id, counted.opened, counted.escalated) == (first.id, False, False)
        assert await alerts.resolve(session, [first.id], "cool") == 1
        assert await alerts.resolve(session, [first.id], "cool") == 0
        (second,) = await alerts.notice(session, seen(2))
        assert second.opened
        assert second.id != first.id


async def test_a_device_that_makes_up_codes_has_a_bounded_number_of_alerts(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        known = device(await charger(session))
        for number in range(MOST_OPEN + 5):
            await alerts.raise_(session, known, AlertReport(f"E{number}", W, NOW))
        await alerts.raise_(session, known, AlertReport("E0", W, NOW))
        rows = await session.execute(
            select(ChargerAlert.code, ChargerAlert.occurrences).where(ChargerAlert.charger_id == known.charger_id)
        )
        found = {code: count for code, count in rows}
        assert len(found) == MOST_OPEN + 1
        assert (found["E0"], found[Code.MANY_ALERTS.value]) == (2, 5)


async def test_open_alerts_concern_whom_their_charger_concerns(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        buyer = await factories.person(session, entity)
        known = device(await charger(session, entity))
        id = await alerts.raise_(session, known, AlertReport("X", W, NOW))
        await session.execute(update(Charger).where(Charger.id == known.charger_id).values(owner_contact_id=buyer.id))
        alert = await session.get_one(ChargerAlert, id, populate_existing=True)
        assert (alert.owner_contact_id, alert.state) == (buyer.id, AlertState.OPEN)
        await alerts.resolve(session, [id], "QUIET")
        await session.execute(update(Charger).where(Charger.id == known.charger_id).values(owner_contact_id=None))
        await session.refresh(alert)
        assert alert.owner_contact_id == buyer.id  # what is over is read by whom it concerned
