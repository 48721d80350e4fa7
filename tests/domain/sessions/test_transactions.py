"""Sessions from what chargers report: whatever the order, however often, offline or not."""

from datetime import timedelta

from domain.sessions import transactions
from domain.sessions.models import ReportKind
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.charging import AT, Yard, charging_yard, told


async def test_a_session_begins_and_ends(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await transactions.report(session, yard.device, told(ReportKind.STARTED, AT, meter_wh=1000))
        over = told(ReportKind.ENDED, AT + timedelta(hours=2), transaction_id=begun.transaction_id, meter_wh=21_000)
        ended = await transactions.report(session, yard.device, over)
        row = await yard.session(session, ended.session_id)
    assert begun.transaction_id == "1" and ended.session_id == begun.session_id
    assert (row.state, row.energy_wh, row.marks) == ("COMPLETED", 20_000, [])
