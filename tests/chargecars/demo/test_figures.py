"""How much of everything there is."""

import pytest

from chargecars.demo import Loaded
from chargecars.demo.charging import TABLES
from chargecars.demo.figures import Figures, shared
from chargecars.demo.partnerships import TABLES as PARTNERSHIPS
from domain.ledger.checks import check_books
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.chargecars.demo.rows import Connection

FIGURES = {
    "entities": (5, "SELECT count(*) FROM business_entity"),
    "partners": (391, "SELECT count(*) FROM contact WHERE partner_model IS NOT NULL"),
    "customers": (
        6_959,
        "SELECT count(*) FROM contact WHERE contact_type = 'PERSON' AND parent_organization_id IS NULL",
    ),
    "leads": (833, "SELECT count(*) FROM lead"),
    "quotes": (5_321, "SELECT count(*) FROM quote"),
    "quotes with an order": (4_790, "SELECT count(*) FROM quote WHERE status = 'ORDERED'"),
    "orders": (5_576, 'SELECT count(*) FROM "order"'),
    "repeated orders": (786, 'SELECT count(*) FROM "order" WHERE sequence > 1'),
    "visits": (5_197, "SELECT count(*) FROM visit"),
    "records": (
        57_445,
        "SELECT (SELECT count(*) FROM contact) + (SELECT count(*) FROM lead) + (SELECT count(*) FROM quote) + "
        '(SELECT count(*) FROM line_item) + (SELECT count(*) FROM signature) + (SELECT count(*) FROM "order") + '
        "(SELECT count(*) FROM visit)",
    ),
}


@pytest.mark.parametrize("name", FIGURES)
async def test_figures_are_those_of_the_requirements(rows: Connection, name: str) -> None:
    expected, query = FIGURES[name]
    assert await rows.fetchval(query) == expected


async def test_load_reports_what_it_wrote(rows: Connection, loaded: Loaded) -> None:
    assert (loaded.fresh, loaded.records) == (True, 57_445)
    for table, count in loaded.counts.items():
        assert await rows.fetchval(f'SELECT count(*) FROM "{table}"') == count, table


async def test_scale_ten_is_ten_times_as_much() -> None:
    ten = Figures(10)
    assert (ten.total, ten.partners, ten.orders) == (574_450, 3_910, 55_760)


def test_shares_add_up() -> None:
    assert shared(10, [1.0, 1.0, 1.0]) == [4, 3, 3]
    assert sum(shared(5_321, [0.45, 0.25, 0.1, 0.12, 0.08])) == 5_321


async def test_named_partners_are_at_the_root_of_a_tree(rows: Connection) -> None:
    named = await rows.fetch(
        "SELECT partner_code, (SELECT count(*) FROM contact c WHERE c.contact_type = 'ORGANIZATION' "
        "AND c.chain_organization_ids @> ARRAY[p.id]) AS below FROM contact p "
        "WHERE partner_code !~ '^partner-' AND parent_organization_id IS NULL ORDER BY 1"
    )
    assert [row[0] for row in named] == ["50five", "alva", "eneco", "essent", "groendus"]
    assert all(row["below"] > 1 for row in named)
    deepest = await rows.fetchval("SELECT max(cardinality(chain_organization_ids)) FROM contact")
    assert 3 <= deepest <= 4


async def test_every_state_occurs(rows: Connection) -> None:
    for table, column, states in (
        ("quote", "status", "DRAFT SENT PARTIALLY_SIGNED ORDERED DECLINED EXPIRED WITHDRAWN"),
        ('"order"', "stage", "RECEIVED PLANNING SCHEDULED IN_PROGRESS COMPLETED CANCELLED"),
        ("visit", "status", "REQUIRED PLANNED EN_ROUTE IN_PROGRESS DONE CANCELLED"),
        ("lead", "status", "NEW INTAKE QUALIFIED QUOTED CONVERTED DISQUALIFIED"),
        ("quote_party", "requirement", "SIGN ACKNOWLEDGE WAIVED"),
        ("quote_party", "state", "PENDING SIGNED DECLINED WAIVED"),
        ("quote_party", "role", "CUSTOMER PARTNER PAYER"),
        ("signature", "kind", "SIGNED ACKNOWLEDGED DECLINED"),
    ):
        found = {row[0] for row in await rows.fetch(f"SELECT DISTINCT {column} FROM {table}")}
        assert found == set(states.split()), (table, column)
    assert await rows.fetchval('SELECT count(*) FROM "order" WHERE on_hold') > 0


async def test_finance_has_something_of_everything(rows: Connection, demo: Database) -> None:
    """And its books are right."""
    for table, column, states in (
        ("invoice", "kind", "INVOICE CREDIT_NOTE SELF_BILLING"),
        ("invoice", "status", "ISSUED PARTIALLY_PAID PAID"),
        ("commission", "status", "ACCRUED EARNED PAYABLE"),
        ("journal_entry", "kind", "INVOICE CREDIT_NOTE SELF_BILLING PAYMENT COMMISSION INTERCOMPANY"),
    ):
        found = {row[0] for row in await rows.fetch(f"SELECT DISTINCT {column} FROM {table}")}
        assert found >= set(states.split()), (table, column)
    async with demo.session(SYSTEM) as session:
        assert [check for check in await check_books(session) if not check.holds] == []


async def test_charging_has_something_of_everything(rows: Connection) -> None:
    """Chargers of owners and public ones, sessions that are billed and some that are invoiced, and what ails some."""
    for table, column, states in (
        ("charger", "access", "PUBLIC PRIVATE"),
        ("charger", "protocol", "MQTT OCPP16 OCPP201"),
        ("charging_offer", "kind", "PLAN PACK SUBSCRIPTION"),
        ("charging_session", "state", "COMPLETED"),
        ("charger_alert", "code", "OFFLINE OVER_TEMPERATURE CONNECTOR_FAULTED FAILURE_PREDICTED RELAY_WELDED"),
        ("charger_alert", "state", "OPEN ACKNOWLEDGED"),
        ("maintenance_task", "state", "OPEN"),
    ):
        found = {row[0] for row in await rows.fetch(f"SELECT DISTINCT {column} FROM {table}")}
        assert found >= set(states.split()), (table, column)
    for table in (*TABLES, "session_charge"):
        assert await rows.fetchval(f"SELECT count(*) FROM {table}") > 0, table
    logins = "SELECT count(*) FROM charger c JOIN membership m ON m.contact_id = c.owner_contact_id"
    assert await rows.fetchval(logins) > 0
    assert await rows.fetchval("SELECT count(*) FROM charging_session WHERE marks <> '{}'") == 0


async def test_partners_have_something_of_everything(rows: Connection) -> None:
    """Those who applied and were accepted are partners of before, with logins; the others are no partners."""
    for table in PARTNERSHIPS:
        assert await rows.fetchval(f"SELECT count(*) FROM {table}") > 0, table
    applied = await rows.fetch(
        "SELECT o.state, p.partner_code ~ '^partner-' AS known, i.id IS NOT NULL AS connected "
        "FROM partner_onboarding o LEFT JOIN contact p ON p.id = o.organization_id LEFT JOIN partner_integration i "
        "ON i.organization_id = p.id AND i.entity_id = o.entity_id ORDER BY o.number"
    )
    assert [tuple(row) for row in applied[:2]] == [("APPLIED", None, False), ("REJECTED", None, False)]
    assert [(row["known"], row["connected"]) for row in applied[2:]] == [(True, True)] * 2
    assert not {row["state"] for row in applied[2:]} & {"APPLIED", "REJECTED", "WITHDRAWN"}
    assert await rows.fetchval("SELECT count(*) FROM invitation") == 0
