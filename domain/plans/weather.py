"""Days on which the weather forbids work outdoors, by place."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession


async def unfit_days(
    session: AsyncSession, days: Sequence[date], places: Collection[str]
) -> Mapping[str, frozenset[date]]:
    """By four postcode digits, the days that are unfit."""
    return {}
