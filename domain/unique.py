"""Unique values: what a unique index refuses, as the fault of the field that holds the value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import AlreadyExists, FieldPath


@asynccontextmanager
async def refusing_taken(session: AsyncSession, **fields: FieldPath) -> AsyncIterator[None]:
    """Flush what the block changes; AlreadyExists at the field that is given for the name of the violated constraint.

    The index sees rows that row-level security hides from the actor, which a check before the change would miss.
    """
    try:
        async with session.begin_nested():
            yield
            await session.flush()
    except IntegrityError as error:
        field = fields.get(getattr(error.orig.__cause__, "constraint_name", None) or "") if error.orig else None
        if field is None:
            raise
        raise AlreadyExists(field=field) from error
