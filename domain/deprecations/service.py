"""Counting uses of what is deprecated."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.deprecations.models import DeprecatedUse

KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Used:
    """One client's uses of one part of the schema on one day."""

    entity_id: UUID
    organization_id: UUID | None
    client_kind: str
    client_id: UUID
    role: str
    part: str
    since: date
    removal: date
    replacement: str
    day: date


async def add(session: AsyncSession, uses: Sequence[tuple[Used, int, datetime]]) -> None:
    """Add to the counts of the days; (what, how often, when last). What is older than `KEPT` goes."""
    rows = [asdict(used) | {"uses": number, "last_used_at": last} for used, number, last in uses]
    rows.sort(key=lambda row: (str(row["client_id"]), str(row["entity_id"]), row["part"], row["role"]))
    statement = insert(DeprecatedUse).values(rows)
    given = statement.excluded
    changed = {
        "uses": DeprecatedUse.uses + given.uses,
        "last_used_at": func.greatest(DeprecatedUse.last_used_at, given.last_used_at),
        **{name: getattr(given, name) for name in ("since", "removal", "replacement")},
    }
    await session.execute(statement.on_conflict_do_update(constraint="uq_deprecated_use_day", set_=changed))
    oldest = max(used.day for used, _, _ in uses) - KEPT
    await session.execute(delete(DeprecatedUse).where(DeprecatedUse.day < oldest))
