"""Every rule that is declared can be explained."""

from uuid import uuid4

import pytest

import domain.tables  # noqa: F401  # completes the registry
from tenants.access import explain
from tenants.actor import actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.rls import REGISTRY

ROLES = (Role.OPERATIONS, Role.PARTNER_USER, Role.CUSTOMER, Role.TECHNICIAN)
TABLES = sorted(name for name, protected in REGISTRY.items() if "id" in protected.table.columns)


@pytest.mark.parametrize("table", TABLES)
async def test_the_rule_of_every_audience_is_held_against_a_row_that_is_not_there(
    database: Database, table: str
) -> None:
    for role in ROLES:
        somebody = actor(role, uuid4(), organization_id=uuid4(), contact_id=uuid4(), team_id=uuid4(), user_id=uuid4())
        told = await explain(database, table, uuid4(), somebody)
        assert not told.visible
        assert told.reason
        assert all(not condition.holds or "audience" in condition.rule for condition in told.conditions)
