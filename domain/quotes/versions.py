"""Writing and sealing versions. A draft may be replaced; what was sent is frozen by a trigger."""

from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.numbering.service import AMSTERDAM
from domain.quotes import document
from domain.quotes.draft import Offer
from domain.quotes.models import LineItem, PartyRole, PartyState, Quote, QuoteParty, QuoteVersion, QuoteVisit
from domain.quotes.offer import Line, Party, PlannedVisit
from domain.rows import find
from tenants.models import BusinessEntity

_CONTENT = (LineItem, QuoteParty, QuoteVisit)
_ROLES = list(PartyRole)


async def draft_of(session: AsyncSession, quote_id: UUID) -> QuoteVersion | None:
    """The version that was not sent yet, if there is one."""
    query = select(QuoteVersion).where(QuoteVersion.quote_id == quote_id, QuoteVersion.sent_at.is_(None))
    return (await session.execute(query)).scalar_one_or_none()


async def in_force(session: AsyncSession, quote: Quote) -> QuoteVersion:
    """The version with the number that the quote says is current."""
    query = select(QuoteVersion).where(QuoteVersion.quote_id == quote.id, QuoteVersion.number == quote.current_version)
    return (await session.execute(query)).scalar_one()


async def lines_of(session: AsyncSession, version_id: UUID) -> list[LineItem]:
    query = select(LineItem).where(LineItem.quote_version_id == version_id).order_by(LineItem.position)
    return list((await session.execute(query)).scalars())


async def next_number(session: AsyncSession, quote_id: UUID) -> int:
    last = select(func.max(QuoteVersion.number)).where(QuoteVersion.quote_id == quote_id)
    return ((await session.execute(last)).scalar() or 0) + 1


async def add(
    session: AsyncSession, quote: Quote, offer: Offer, *, number: int, terms: str, consent_text: str, reason: str = ""
) -> QuoteVersion:
    """A new draft with everything it offers."""
    version = QuoteVersion(
        entity_id=quote.entity_id,
        quote_id=quote.id,
        number=number,
        end_customer_contact_id=quote.end_customer_contact_id,
        terms=terms,
        consent_text=consent_text,
    )
    session.add(version)
    await _describe(session, version, quote, offer, reason)
    return version


async def replace(
    session: AsyncSession, version: QuoteVersion, quote: Quote, offer: Offer, *, terms: str, reason: str
) -> None:
    """Give a draft other content."""
    for model in _CONTENT:
        await session.execute(delete(model).where(model.quote_version_id == version.id))
    version.terms = terms
    await _describe(session, version, quote, offer, reason)


async def _describe(session: AsyncSession, version: QuoteVersion, quote: Quote, offer: Offer, reason: str) -> None:
    version.reason = reason
    version.valid_days = offer.valid_days
    version.payment_terms_days = offer.payment_terms_days
    version.channel_organization_ids = sorted({*quote.channel_organization_ids, *offer.payer_chain})
    await session.flush()
    of_version = {"entity_id": quote.entity_id, "quote_version_id": version.id}
    of_quote = {**of_version, "quote_id": quote.id, "currency": quote.currency}
    of_visit = {
        **of_version,
        "channel_organization_ids": version.channel_organization_ids,
        "end_customer_contact_id": quote.end_customer_contact_id,
    }
    await session.execute(insert(LineItem), [line_columns(line) | of_quote for line in offer.lines])
    await session.execute(insert(QuoteParty), [party_columns(party) | of_quote for party in offer.parties])
    if offer.visits:
        await session.execute(insert(QuoteVisit), [visit_columns(visit) | of_visit for visit in offer.visits])


def line_columns(line: Line) -> dict[str, Any]:
    """The columns of a line's row, but for those that say where it belongs."""
    return {**_columns(line), "technical_hash": document.technical_hash(line)}


def party_columns(party: Party) -> dict[str, Any]:
    """The columns of a party's row, but for those that say where it belongs."""
    return {**_columns(party), "state": party.state.value}


def visit_columns(visit: PlannedVisit) -> dict[str, Any]:
    """The columns of a visit's row, but for those that say where it belongs."""
    return _columns(visit)


def _columns(part: Line | Party | PlannedVisit) -> dict[str, Any]:
    return {name: getattr(value, "value", value) for name, value in asdict(part).items()}


# --- sealing ------------------------------------------------------------------------------------------------------


def expiry(sent_at: datetime, valid_days: int) -> datetime:
    """The end of the last valid day in Amsterdam, as a half-open bound in UTC."""
    after = sent_at.astimezone(AMSTERDAM).date() + timedelta(days=valid_days + 1)
    return datetime.combine(after, time.min, AMSTERDAM).astimezone(UTC)


async def seal(session: AsyncSession, quote: Quote, version: QuoteVersion, sent_at: datetime) -> list[QuoteParty]:
    """Hash a draft, mark all of it as sent and put the version before out of force; returns the parties."""
    version.expires_at = expiry(sent_at, version.valid_days)
    before = await _sent_before(session, quote)
    parties = await parties_of(session, version.id)
    sealed = document.seal(await _document(session, quote, version, parties, sent_at, before))
    version.leaf_hashes, version.merkle_root = sealed.leaf_hashes, sealed.merkle_root
    version.head, version.document_hash = dict(sealed.head), sealed.document_hash
    version.sent_at = sent_at
    if before:
        before.superseded_at = sent_at
    await session.flush()
    for model in _CONTENT:
        sent = update(model).where(model.quote_version_id == version.id).values(sent_at=sent_at)
        await session.execute(sent.execution_options(synchronize_session=False))
    return parties


async def parties_of(session: AsyncSession, version_id: UUID) -> list[QuoteParty]:
    """The parties that the actor may see, in the order of the document."""
    query = select(QuoteParty).where(QuoteParty.quote_version_id == version_id)
    found = (await session.execute(query)).scalars()
    return sorted(found, key=lambda party: (_ROLES.index(PartyRole(party.role)), party.contact_id))


def pending(parties: list[QuoteParty]) -> list[str]:
    """Roles that have yet to act, one entry per party."""
    return [party.role for party in parties if party.state == PartyState.PENDING]


async def _sent_before(session: AsyncSession, quote: Quote) -> QuoteVersion | None:
    query = select(QuoteVersion).where(
        QuoteVersion.quote_id == quote.id, QuoteVersion.sent_at.is_not(None), QuoteVersion.superseded_at.is_(None)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def _document(
    session: AsyncSession,
    quote: Quote,
    version: QuoteVersion,
    parties: list[QuoteParty],
    sent_at: datetime,
    before: QuoteVersion | None,
) -> document.Document:
    entity = await find(session, BusinessEntity, quote.entity_id)
    visits = select(QuoteVisit).where(QuoteVisit.quote_version_id == version.id).order_by(QuoteVisit.position)
    return document.Document(
        seller=document.Seller(entity.id, entity.legal_name, entity.kvk_number, entity.vat_number),
        number=quote.number,
        version=version.number,
        currency=quote.currency,
        end_customer_id=quote.end_customer_contact_id,
        service_address_id=quote.service_address_id,
        sent_at=sent_at,
        expires_at=version.expires_at or sent_at,
        payment_terms_days=version.payment_terms_days,
        terms=version.terms,
        consent_text=version.consent_text,
        supersedes=before.document_hash if before else None,
        lines=await lines_of(session, version.id),
        parties=parties,
        visits=list((await session.execute(visits)).scalars()),
    )
