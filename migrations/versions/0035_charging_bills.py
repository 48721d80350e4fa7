"""Charging bills: revenue of charging in the books and on invoices."""

from alembic import op

revision = "0035"
down_revision = "0034"

_PARTS = "'DEPOSIT', 'PROGRESS', 'FINAL', 'COLLECTIVE', 'CREDIT', 'COMMISSION'"
_CATEGORIES = (
    "'CHARGING_STATION', 'CABLE_ACCESSORY', 'MOUNTING_POLE', 'INSTALLATION_SERVICE', 'METER_BOX_MODULE', "
    "'SMART_METER_OCPP'"
)
_ROLES = (
    "'RECEIVABLE', 'BANK', 'CASH', 'PROVIDER_CLEARING', 'TRANSIT', 'SUSPENSE', 'UNBILLED', 'VAT_INPUT', "
    "'INTERCOMPANY_RECEIVABLE', 'RESULT', 'DEFERRED_REVENUE', 'VAT_STANDARD', 'VAT_REDUCED', 'PAYABLE', "
    "'COMMISSION_ACCRUED', 'COMMISSION_PAYABLE', 'WALLET', 'INTERCOMPANY_PAYABLE', 'REVENUE_CHARGING_STATION', "
    "'REVENUE_CABLE_ACCESSORY', 'REVENUE_MOUNTING_POLE', 'REVENUE_INSTALLATION_SERVICE', "
    "'REVENUE_METER_BOX_MODULE', 'REVENUE_SMART_METER_OCPP'"
)
_LATER_ROLES = (
    "'REVENUE_OTHER', 'DUNNING_INCOME', 'INTERCOMPANY_REVENUE', 'COMMISSION_EXPENSE', 'INTERCOMPANY_COST', "
    "'BAD_DEBT', 'ROUNDING', 'PROVIDER_FEES'"
)


def upgrade() -> None:
    _hold("invoice", "part", f"{_PARTS}, 'CHARGING'")
    _hold("billing_part", "part", f"{_PARTS}, 'CHARGING'")
    _hold("invoice_line", "category", f"{_CATEGORIES}, 'CHARGING', 'COMMISSION', 'OTHER'")
    _hold("ledger_account", "role", f"{_ROLES}, 'REVENUE_CHARGING', {_LATER_ROLES}")


def downgrade() -> None:
    op.execute("DELETE FROM ledger_account WHERE role = 'REVENUE_CHARGING'")
    _hold("ledger_account", "role", f"{_ROLES}, {_LATER_ROLES}")
    _hold("invoice_line", "category", f"{_CATEGORIES}, 'COMMISSION', 'OTHER'")
    _hold("billing_part", "part", _PARTS)
    _hold("invoice", "part", _PARTS)


def _hold(table: str, column: str, values: str) -> None:
    """The states that a column may have."""
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, f"{column} IN ({values})")
