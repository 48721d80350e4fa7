"""Drawing the next number."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.numbering.models import Counter
from tenants.models import BusinessEntity

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


async def next_number(session: AsyncSession, entity_id: UUID, kind: str, *, infix: str = "") -> str:
    """`CC-2026-00123` (with an infix `CC-Q-2026-00123`): the counter's row stays locked until the transaction ends.

    Rolling back gives the number back, so the series has no gap and no duplicate. The year is Amsterdam's.
    """
    year = datetime.now(AMSTERDAM).year
    drawn = insert(Counter).values(entity_id=entity_id, kind=kind, year=year, last=1)
    drawn = drawn.on_conflict_do_update(index_elements=["entity_id", "kind", "year"], set_={"last": Counter.last + 1})
    last = (await session.execute(drawn.returning(Counter.last))).scalar_one()
    code = (await session.execute(select(BusinessEntity.code).where(BusinessEntity.id == entity_id))).scalar_one()
    return "-".join(part for part in (code, infix, str(year), f"{last:05d}") if part)
