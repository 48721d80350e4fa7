"""What an entity's bank knows it by."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from stdnum.eu import at_02
from stdnum.exceptions import ValidationError

from domain.bank.errors import InvalidCreditorId
from domain.bank.events import BankSettingsSaved
from domain.events.record import record
from domain.rows import find
from tenants.models import BusinessEntity

_LONGEST = 50


def creditor_id_of(entity: BusinessEntity) -> str | None:
    """The SEPA creditor identifier (incassant-ID) that the entity's bank gave it."""
    found = entity.settings.get("bank", {}).get("creditor_id")
    return str(found) if found else None


async def save(session: AsyncSession, entity_id: UUID, creditor_id: str) -> BusinessEntity:
    """Keep the creditor identifier. Raises: NotFound, InvalidCreditorId."""
    entity = await find(session, BusinessEntity, entity_id, lock=True, field=("entity_id",))
    try:
        checked = str(at_02.validate(creditor_id[:_LONGEST]))
    except ValidationError:
        raise InvalidCreditorId(field=("creditor_id",)) from None
    entity.settings = {**entity.settings, "bank": {**entity.settings.get("bank", {}), "creditor_id": checked}}
    await record(session, BankSettingsSaved(checked), entity_id=entity.id, subject_id=entity.id)
    return entity
