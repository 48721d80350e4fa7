"""What partners sent is kept as it came for as long as their agreement says (K5); what became of it stays.

That is the document of an order, the body of a message and the mail with what was read in it. Quotes, orders and
invoices are kept as the law has it, and erased for a person by domain.contacts.privacy.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.models import Agreement
from domain.agreements.partner_terms import parse
from domain.partner_orders.models import PartnerIntegration
from tenants.base import moment

BATCH = 1_000


async def forget(session: AsyncSession, entity_id: UUID, now: datetime) -> int:
    """Forget what is due, at most `BATCH` rows of a kind and partner; how many. In a session of the system."""
    many = 0
    for organization_id, days in (await _terms(session, entity_id, now)).items():
        values = {"entity": entity_id, "organization": organization_id, "days": days, "now": now, "batch": BATCH}
        for statement in _FORGET:
            many += len((await session.execute(statement, values)).all())
    return many


async def _terms(session: AsyncSession, entity_id: UUID, now: datetime) -> dict[UUID, int]:
    """Days by partner, for those that have agreed on some."""
    agreed = select(Agreement.id).where(Agreement.entity_id == entity_id, Agreement.terms.has_key("retention_days"))
    if (await session.execute(agreed.limit(1))).scalar() is None:
        return {}
    partner = PartnerIntegration.organization_id
    query = select(partner, func.partner_terms_at(entity_id, partner, moment(now)))
    rows = (await session.execute(query.where(PartnerIntegration.entity_id == entity_id))).all()
    found = {id: parse(terms).retention_days for id, terms in rows if terms}
    return {id: days for id, days in found.items() if days is not None}


_DUE = (
    "entity_id = :entity AND organization_id = :organization "
    "AND {at} < CAST(:now AS timestamptz) - make_interval(days => :days)"
)


def _blank(table: str, at: str, blank: str, kept: str) -> str:
    due = f"SELECT id FROM {table} WHERE {_DUE.format(at=at)} AND {kept} ORDER BY {at} LIMIT :batch"  # noqa: S608  # constants alone
    return f"UPDATE {table} SET {blank} WHERE id IN ({due}) RETURNING id"  # noqa: S608  # constants alone


_FORGET = tuple(
    map(
        text,
        (
            _blank("partner_order", "received_at", "document = '{}', forgotten_at = :now", "forgotten_at IS NULL"),
            _blank(
                "inbound_message",
                "created_at",
                "body = NULL, headers = '{}', forgotten_at = :now",
                "body IS NOT NULL AND state <> 'RECEIVED'",
            ),
            _blank(
                "email_order",
                "created_at",
                "fields = '{}', corrected = '{}', updated_at = :now",
                "state <> 'REVIEW' AND fields <> '{}'",
            ),
            _blank(
                "inbound_mail",
                "created_at",
                "raw = NULL, parts = NULL, subject = '', sender_name = ''",
                "raw IS NOT NULL AND state <> 'RECEIVED'",
            ),
        ),
    )
)
