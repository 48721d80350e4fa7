"""Billing of sessions: once, to whom it is owed, and corrected to the cent."""

from tenants.engine import Database
from tests.billing_sessions import charging_place


async def test_the_example_of_decision_2(database: Database) -> None:
    place = await charging_place(database)
    session_id = await place.charge()
    billing = await place.bill(session_id)
    assert (billing.status, billing.net_cents, billing.vat_cents, billing.gross_cents) == ("INVOICED", 2400, 504, 2904)
