"""Every night the commission of the last two months is brought to what it should be, whatever was missed."""

from datetime import date, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select

from domain.commissions.months import month_of
from domain.commissions.running import run
from domain.errors import DomainError
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.sandboxes import REAL

log = structlog.get_logger(__name__)


async def compute_commissions(database: Database) -> int:
    """Run the month that is going on and the one before, an entity's month per transaction; rows that changed."""
    this = month_of(clock.now())
    changed = 0
    for entity_id in await _entities(database):
        for month in ((this - timedelta(days=1)).replace(day=1), this):
            changed += await _run(database, entity_id, month)
    return changed


async def _entities(database: Database) -> list[UUID]:
    async with database.session(SYSTEM) as session:
        return list(
            (await session.execute(select(BusinessEntity.id).where(REAL).order_by(BusinessEntity.code))).scalars()
        )


async def _run(database: Database, entity_id: UUID, month: date) -> int:
    """What one month refuses (its books are closed) does not keep the others."""
    try:
        async with database.session(SYSTEM) as session:
            ran = await run(session, entity_id, month)
    except DomainError as refused:
        log.warning("commission_not_run", entity_id=str(entity_id), month=month.isoformat(), code=refused.code)
        return 0
    return ran.accrued + ran.changed
