"""What services answered before, shared by all processes and read in bulk."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.travel.models import TravelRow

DRIVE = np.dtype([("cell", "<i4"), ("minutes", "<u2"), ("metres", "<u4"), ("day", "<u2")])
"""One drive from the row's origin: to which cell, and on which day it was answered, counted from 2020."""
NO_WAY = 65_535
"""`minutes` of a drive that the service knows no way for: it is not asked again before its time."""
MOST_DRIVES = 30_000
"""Kept per origin; the oldest go first."""
ROWS = 200
"""Origins of one statement."""
_LOCK = 0x7472_6176_656C
_BEGIN = date(2020, 1, 1)

Drives = NDArray[np.void]


def today() -> int:
    """The day that DRIVE counts."""
    return (datetime.now(UTC).date() - _BEGIN).days


async def remembered(
    session: AsyncSession, provider: str, origins: Sequence[int], days: int
) -> AsyncIterator[tuple[int, Drives]]:
    """Drives answered in the last `days`, per origin of which any was, by ascending cell."""
    for begin in range(0, len(origins), ROWS):
        wanted = select(TravelRow.origin, TravelRow.drives).where(
            TravelRow.provider == provider, TravelRow.origin.in_(origins[begin : begin + ROWS])
        )
        for origin, drives in await session.execute(wanted):
            yield origin, _fresh(np.frombuffer(drives, DRIVE), days)


async def remember(session: AsyncSession, provider: str, answered: Mapping[int, Drives], days: int) -> None:
    """Add drives to what is known from their origins, `ROWS` of them at most; later answers replace earlier ones."""
    # One writer at a time: the second reads what the first has added.
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    known = {origin: drives async for origin, drives in remembered(session, provider, list(answered), days)}
    rows = [
        {
            "provider": provider,
            "origin": origin,
            "drives": _together(known.get(origin), drives).tobytes(),
            "answered_on": _BEGIN + timedelta(days=int(drives["day"].max())),
        }
        for origin, drives in answered.items()
    ]
    statement = insert(TravelRow).values(rows)
    replaced = {"drives": statement.excluded.drives, "answered_on": statement.excluded.answered_on}
    await session.execute(statement.on_conflict_do_update(index_elements=["provider", "origin"], set_=replaced))


async def forget_expired(session: AsyncSession, days: int) -> int:
    """Remove rows of which no drive is used any longer; the number of them."""
    old = TravelRow.answered_on < _BEGIN + timedelta(days=today() - days)
    return len((await session.execute(delete(TravelRow).where(old).returning(TravelRow.origin))).all())


def _fresh(drives: Drives, days: int) -> Drives:
    return drives[drives["day"].astype(np.int64) + days >= today()]


def _together(known: Drives | None, answered: Drives) -> Drives:
    both = answered if known is None else np.concatenate((answered, known))
    both = both[np.unique(both["cell"], return_index=True)[1]]
    if len(both) > MOST_DRIVES:
        newest = np.argsort(both["day"], kind="stable")[-MOST_DRIVES:]
        both = both[np.sort(newest)]
    return both
