"""What an account's balance has to agree with: the sum of the rows that an area keeps, declared by that area.

    subledger("receivables", (AccountRole.RECEIVABLE,), "SELECT entity_id, currency, open_cents AS cents FROM invoice")

`rows` is a SELECT of `entity_id`, `currency` and `cents`, debit positive. Lines between entities are left out.
"""

from dataclasses import dataclass

from domain.ledger.models import AccountRole


@dataclass(frozen=True, slots=True)
class SubLedger:
    """The accounts of `roles` hold, per entity and currency, the sum of `rows`."""

    name: str
    roles: tuple[AccountRole, ...]
    rows: str


SUBLEDGERS: dict[str, SubLedger] = {}


def subledger(name: str, roles: tuple[AccountRole, ...], rows: str) -> None:
    """Declare what the balance of accounts has to agree with; one declaration per name."""
    if name in SUBLEDGERS:
        raise ValueError(f"the sub-ledger {name} is declared twice")
    SUBLEDGERS[name] = SubLedger(name, roles, rows)
