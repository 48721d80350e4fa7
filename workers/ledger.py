"""Looking at the books every night: whether they balance, and agree with what the areas keep."""

import structlog
from prometheus_client import Gauge
from sqlalchemy import text

import domain.tables  # noqa: F401  # every area has declared what the books have to agree with
from domain.ledger import watching
from domain.ledger.checks import Check, check_books
from tenants.actor import SYSTEM
from tenants.engine import Database

DIFFERS = Gauge("chargecars_ledger_differences", "Checks of the books that did not hold, as last seen.", ("check",))
"""Anything but 0 is a fault, or somebody who tampers."""

_PATIENCE = text("SELECT set_config('statement_timeout', '600000', true)")
"""Milliseconds: every line of every year is added up."""
_log = structlog.get_logger(__name__)


class BooksDiffer(Exception):
    """The books are wrong somewhere: what was told of it is committed, the job fails so that somebody looks."""


async def check_the_books(database: Database) -> int:
    """Check the books of all entities; the number of checks. Raises: BooksDiffer, after telling of each difference."""
    async with database.session(SYSTEM) as session:
        await session.execute(_PATIENCE)
        checks = await check_books(session)
        failed = [check for check in checks if not check.holds]
        await watching.tell(session, failed)
    _measure(checks, failed)
    if failed:
        raise BooksDiffer(", ".join(sorted({f"{check.name} of {check.entity_id}" for check in failed})))
    return len(checks)


def _measure(checks: list[Check], failed: list[Check]) -> None:
    for name in {check.name for check in checks}:
        DIFFERS.labels(name).set(sum(1 for check in failed if check.name == name))
    for check in failed:
        _log.error(
            "ledger.differs",
            check=check.name,
            entity_id=str(check.entity_id),
            booked_cents=check.booked_cents,
            expected_cents=check.expected_cents,
        )
