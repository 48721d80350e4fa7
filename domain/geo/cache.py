"""What the geocoder answered before, shared by all processes."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.geo.location import Exactness, Place, Point
from domain.geo.models import GeocodeCache

KNOWN_FOR = timedelta(days=90)
UNKNOWN_FOR = timedelta(days=1)
"""A new address appears in the register within days, so that nothing was found is soon asked again."""


async def remembered(session: AsyncSession, question: str) -> list[Place] | None:
    """The places of an earlier answer, [] if there were none; None if it was never asked, or too long ago."""
    fresh = (GeocodeCache.question == question) & (GeocodeCache.expires_at > func.now())
    places = await session.scalar(select(GeocodeCache.places).where(fresh))
    return None if places is None else [_place(each) for each in places]


async def remember(session: AsyncSession, question: str, places: Sequence[Place]) -> None:
    """Keep an answer; a later one replaces it."""
    until = func.now() + (KNOWN_FOR if places else UNKNOWN_FOR)
    values = {"places": [asdict(place) for place in places], "expires_at": until}
    statement = insert(GeocodeCache).values(question=question, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["question"], set_=values))


async def forget_expired(session: AsyncSession) -> int:
    """Remove answers that are no longer used; the number of them."""
    gone = await session.execute(
        delete(GeocodeCache).where(GeocodeCache.expires_at <= func.now()).returning(GeocodeCache.question)
    )
    return len(gone.all())


def _place(stored: dict[str, Any]) -> Place:
    point = Point(**stored["point"])
    return Place(**{**stored, "exactness": Exactness(stored["exactness"]), "point": point})
