"""What ends a session that its charger does not end, and what does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from domain.chargers.models import Charger, Connector
from domain.sessions import rules
from domain.sessions.models import ChargingSession, ReportKind
from domain.sessions.rules import Rule
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.charging import charging_yard, happened, last_event, row_of


def ago(**span: float) -> timedelta:
    """So long before the rule looks, however long the tests before it take."""
    return timedelta(**span)


def _dated(values: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {name: now - value if isinstance(value, timedelta) else value for name, value in values.items()}


async def _judge(database: Database, *, row: Any = None, charger: Any = None, connector: Any = None) -> Any:
    """A session that began two hours ago and was read an hour ago, under circumstances; the rule, and how it ended."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, ReportKind.STARTED, 0, meter_wh=0)
        times = dict.fromkeys(("started_at", "created_at", "updated_at"), ago(hours=2))
        common = times | {"heard_at": ago(hours=1)}
        for model, id, values in (
            (ChargingSession, begun.session_id, common | (row or {})),
            (Charger, yard.charger.id, charger),
            (Connector, None, connector),
        ):
            if values:
                here = model.id == id if id else Connector.charger_id == yard.charger.id
                await session.execute(update(model).where(here).values(**_dated(values)))
        stale = begun.session_id in await rules.stale(session, 10_000)
        rule = await rules.close_if_stale(session, begun.session_id)
        assert stale == (rule is not None)
        return rule, await row_of(session, begun.session_id), await last_event(session, begun.session_id)


ENDS = [
    (Rule.CHARGER_RETIRED, {"charger": {"state": "RETIRED"}}, {"NO_STOP", "CHARGER_REPLACED"}),
    (Rule.CONNECTOR_FREE, {"connector": {"status": "AVAILABLE", "status_at": ago(minutes=6)}}, {"NO_STOP"}),
    (
        Rule.CONNECTOR_FREE,
        {"connector": {"status": "AVAILABLE", "status_at": ago(minutes=6)}, "row": {"power_w": 11_000}},
        {"NO_STOP"},
    ),
    (
        Rule.CHARGER_REBOOTED,
        {"charger": {"booted_at": ago(minutes=16)}, "connector": {"status": "FINISHING", "status_at": ago(minutes=15)}},
        {"NO_STOP", "CHARGER_REBOOTED"},
    ),
    (Rule.STOP_IGNORED, {"row": {"stop_requested_at": ago(minutes=11)}}, {"NO_STOP", "STUCK_TRANSACTION"}),
    (Rule.NOTHING_HEARD, {"row": {"started_at": ago(hours=30), "heard_at": ago(hours=25)}}, {"NO_STOP"}),
    (Rule.TOO_LONG, {"row": {"started_at": ago(days=8)}}, {"NO_STOP", "STUCK_TRANSACTION"}),
]


@pytest.mark.parametrize(("rule", "how", "marks"), ENDS, ids=[f"{end[0]}{place}" for place, end in enumerate(ENDS)])
async def test_a_rule_ends_and_marks(database: Database, rule: Rule, how: dict[str, Any], marks: set[str]) -> None:
    found, row, told = await _judge(database, **how)
    assert (found, row.state, row.closed_by, row.stop_reason) == (rule, "COMPLETED", "RULE", rule.value)
    assert marks <= set(row.marks)
    assert (told.type, told.payload["rule"]) == ("session.closed_by_rule", rule.value)


GO_ON: list[dict[str, Any]] = [
    {},
    {"connector": {"status": "AVAILABLE", "status_at": ago(minutes=4)}},
    {"connector": {"status": "AVAILABLE", "status_at": ago(hours=3)}},
    {
        "connector": {"status": "AVAILABLE", "status_at": ago(minutes=6)},
        "row": {"power_w": 11_000, "heard_at": ago(minutes=1)},
    },
    {"charger": {"booted_at": ago(minutes=16)}, "connector": {"status": "CHARGING", "status_at": ago(minutes=15)}},
    {"charger": {"booted_at": ago(minutes=10)}, "connector": {"status": "FINISHING", "status_at": ago(minutes=9)}},
    {"charger": {"booted_at": ago(hours=3)}, "connector": {"status": "FINISHING", "status_at": ago(hours=3)}},
    {"row": {"stop_requested_at": ago(minutes=9)}},
    {"row": {"heard_at": ago(hours=23), "started_at": ago(hours=30)}},
    {"row": {"heard_at": ago(hours=40), "started_at": ago(hours=40), "updated_at": ago(minutes=2)}},
]


@pytest.mark.parametrize("how", GO_ON)
async def test_what_may_go_on_goes_on(database: Database, how: dict[str, Any]) -> None:
    found, row, _ = await _judge(database, **how)
    assert (found, row.state) == (None, "ACTIVE")


async def test_what_was_asked_for_and_does_not_begin_ends_without_a_bill(database: Database) -> None:
    asked = {"state": "STARTING", "started_at": ago(minutes=6), "heard_at": ago(minutes=6)}
    found, row, told = await _judge(database, row=asked)
    assert (found, row.marks, row.ended_at) == (Rule.NEVER_STARTED, ["NEVER_STARTED"], row.started_at)
    assert told.type == "session.start_failed"
    found, row, _ = await _judge(database, row=asked | {"heard_at": ago(minutes=4)})
    assert (found, row.state) == (None, "STARTING")


async def test_all_that_is_stale_ends_at_once_and_once(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, ReportKind.STARTED, 0, meter_wh=0)
        await yard.read(session, yard.reading(40, 5_000), yard.reading(90, 5_000))
        await session.execute(update(Charger).where(Charger.id == yard.charger.id).values(state="RETIRED"))
        assert await rules.close_stale(session, 10_000) >= 1
        assert await rules.close_if_stale(session, begun.session_id) is None
        row = await row_of(session, begun.session_id)
        types = await happened(session, row.id)
    assert (row.energy_wh, (row.ended_at - row.started_at).total_seconds() / 60) == (5_000, 40)
    assert types == ["session.started", "session.closed_by_rule"]
