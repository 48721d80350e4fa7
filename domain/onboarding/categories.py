"""What an entity asks of its categories of partners instead of the platform's own, and going back to that."""

import re
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import NotAChoice, Stale
from domain.events.record import changes_of, record
from domain.onboarding import criteria
from domain.onboarding.criteria import Definition
from domain.onboarding.events import CategorySaved
from domain.onboarding.models import OnboardingCategory
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.models import BusinessEntity

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


async def save(
    session: AsyncSession, actor: Actor, entity_id: UUID, code: str, definition: Definition, version: int | None = None
) -> OnboardingCategory:
    """Ask this from now on; what is under way goes on as it began. `session` is the platform's.

    Raises: NotFound, Stale where `version` is given and not the present one.
    """
    async with acting_as(session, actor):
        await find(session, BusinessEntity, entity_id, field=("entity_id",))
    row = await _row(session, entity_id, code_of(code))
    if version is not None and version != (row.version if row else 0):
        raise Stale(field=("version",))
    if row is None:
        row = OnboardingCategory(entity_id=entity_id, code=code_of(code))
        session.add(row)
    row.definition = criteria.as_json(definition)
    changes = changes_of(row)
    await session.flush()
    await record(session, CategorySaved(row.code), entity_id=entity_id, subject_id=entity_id, changes=changes)
    return row


async def revert(session: AsyncSession, actor: Actor, entity_id: UUID, code: str) -> None:
    """Ask what the platform asks again. Raises: NotFound, NotAChoice for a category that the platform has not."""
    async with acting_as(session, actor):
        await find(session, BusinessEntity, entity_id, field=("entity_id",))
    if code not in criteria.DEFAULTS:
        raise NotAChoice(choices=", ".join(criteria.DEFAULTS), field=("code",))
    row = await _row(session, entity_id, code)
    if row is not None:
        await session.delete(row)
        await session.flush()
        await record(session, CategorySaved(code), entity_id=entity_id, subject_id=entity_id)


def code_of(value: str) -> str:
    """`ENERGY`: capitals, digits and underscores."""
    code = validation.name(value, "code", maximum=40)
    if not _CODE.fullmatch(code):
        raise NotAChoice(choices=", ".join(criteria.DEFAULTS), field=("code",))
    return code


async def _row(session: AsyncSession, entity_id: UUID, code: str) -> OnboardingCategory | None:
    query = select(OnboardingCategory).filter_by(entity_id=entity_id, code=code)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()
