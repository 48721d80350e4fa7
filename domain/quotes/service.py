"""The life of a quote on our side: made, revised, sent, withdrawn, expired. Parties act in domain.signatures."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import relations
from domain.contacts.models import Address, Contact, Lifecycle
from domain.errors import Stale
from domain.events.record import Payload, changes_of, record
from domain.numbering.service import next_number
from domain.quotes import events, leads, versions
from domain.quotes.draft import LineRequest, Offer, Parts, draft
from domain.quotes.errors import NoDraft, QuoteClosed, ServiceAddressRequired
from domain.quotes.history import as_changes, differences
from domain.quotes.models import Quote, QuoteParty, QuoteStatus, QuoteVersion
from domain.quotes.request import Participants, QuoteRequest, participants, refuse_taken_order_id, terms_of
from domain.rows import find
from domain.validation import integer, text
from tenants.models import Brand, BusinessEntity

OPEN = (QuoteStatus.SENT, QuoteStatus.PARTIALLY_SIGNED)
LONGEST_REASON = 1_000


async def create(session: AsyncSession, request: QuoteRequest) -> Quote:
    """Make a draft quote; all amounts, payers, parties and visits follow from its lines. For staff."""
    own_words = request.checked()
    found = await participants(session, request)
    offer = await _offered(session, found, request.lines)
    quote = await _new_quote(session, request, found, own_words["partner_order_id"])
    terms, consent = await _legal_texts(session, request.entity_id)
    version = await versions.add(
        session, quote, offer, number=1, terms=own_words["terms"] or terms, consent_text=consent
    )
    await _expect_signers(session, quote, version)
    if found.lead:
        await leads.quoted(session, found.lead)
    payload = events.QuoteCreated(quote.number, found.lead.number if found.lead else None)
    await tell(session, quote, payload, changes=_of_offer(offer))
    return quote


async def preview(session: AsyncSession, request: QuoteRequest) -> Offer:
    """What `create` would offer; writes nothing."""
    request.checked()
    return await _offered(session, await participants(session, request, lock=False), request.lines)


async def revise(
    session: AsyncSession,
    quote_id: UUID,
    reason: str,
    lines: Sequence[LineRequest],
    *,
    terms: str | None = None,
    expected_revision: int | None = None,
) -> Quote:
    """Prepare a new version, or replace the draft there is; what parties see changes when it is sent. For staff."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    quote = await _locked(session, quote_id, expected_revision)
    if quote.status == QuoteStatus.ORDERED:
        raise QuoteClosed(status=quote.status, field=("id",))
    offer = await _offered(session, await _participants_of(session, quote), lines)
    before = await _newest(session, quote.id)
    old_lines = await versions.lines_of(session, before.id)
    version = await _written(session, quote, before, offer, why, terms_of(terms))
    await _expect_signers(session, quote, version)
    quote.updated_at = datetime.now(UTC)
    payload = events.QuoteRevised(quote.number, version.number, why)
    changed = {"lines": [None, as_changes(differences(old_lines, offer.lines))]}
    await tell(session, quote, payload, changes=_of_offer(offer) | changed)
    return quote


async def send(
    session: AsyncSession, quote_id: UUID, *, valid_days: int | None = None, expected_revision: int | None = None
) -> Quote:
    """Seal the draft and put it in force; signatures on the version before no longer count. For staff.

    A quote that was declined, withdrawn or had expired is offered anew by it.
    """
    quote = await _locked(session, quote_id, expected_revision)
    if quote.status == QuoteStatus.ORDERED:
        raise QuoteClosed(status=quote.status, field=("id",))
    version = await versions.draft_of(session, quote.id)
    if version is None:
        raise NoDraft(field=("id",))
    if valid_days is not None:
        version.valid_days = integer(valid_days, 1, 365, "valid_days")
    parties = await versions.seal(session, quote, version, datetime.now(UTC))
    _put_in_force(quote, version, parties)
    await leads.quote_sent(session, quote)
    await _make_known(session, quote)
    changes = changes_of(quote)
    payload = events.QuoteSent(
        quote.number,
        version.number,
        (version.document_hash or b"").hex(),
        (version.expires_at or version.created_at).isoformat(),
        quote.pending_parties,
    )
    await tell(session, quote, payload, changes=changes)
    return quote


async def withdraw(session: AsyncSession, quote_id: UUID, reason: str) -> Quote:
    """Take the quote back; nobody can sign it until a version is sent anew. For staff."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    quote = await find(session, Quote, quote_id, lock=True)
    if quote.status not in (QuoteStatus.DRAFT, *OPEN):
        raise QuoteClosed(status=quote.status, field=("id",))
    close(quote, QuoteStatus.WITHDRAWN, why)
    changes = changes_of(quote)
    made = events.QuoteWithdrawn if quote.sent_at else events.DraftWithdrawn
    await tell(session, quote, made(quote.number, why), changes=changes)
    await leads.quote_ended(session, quote)
    return quote


async def expire_due(session: AsyncSession, most: int = 200, *, entity_id: UUID | None = None) -> list[UUID]:
    """Mark quotes whose time is over, of one entity where it is named; several workers may do so at once.

    For the system.
    """
    due = select(Quote).where(Quote.status.in_(OPEN), Quote.expires_at <= datetime.now(UTC))
    if entity_id is not None:
        due = due.where(Quote.entity_id == entity_id)
    due = due.order_by(Quote.expires_at).limit(most).with_for_update(skip_locked=True)
    quotes = list((await session.execute(due)).scalars())
    for quote in quotes:
        close(quote, QuoteStatus.EXPIRED, None)
        changes = changes_of(quote)
        await tell(session, quote, events.QuoteExpired(quote.number, quote.current_version), changes=changes)
        await leads.quote_ended(session, quote)
    return [quote.id for quote in quotes]


def close(quote: Quote, status: QuoteStatus, reason: str | None) -> None:
    """End the quote without an order. The reason is read by every party."""
    quote.status = status
    quote.pending_parties = []
    quote.closed_at = datetime.now(UTC)
    quote.close_reason = reason


async def tell(
    session: AsyncSession, quote: Quote, payload: Payload, *, changes: dict[str, list[Any]] | None = None
) -> None:
    """Record what happened to a quote, for its entity, and for the parties unless the event is internal."""
    await record(
        session,
        payload,
        entity_id=quote.entity_id,
        subject_id=quote.id,
        organization_ids=[quote.account_contact_id],
        channel=quote.channel_organization_ids,
        contact_ids=[quote.end_customer_contact_id],
        changes=changes,
    )


async def _offered(session: AsyncSession, found: Participants, lines: Sequence[LineRequest]) -> Offer:
    offer = await draft(session, found.parts, lines)
    if offer.visits and found.address is None:
        raise ServiceAddressRequired(field=("service_address_id",))
    return offer


async def _new_quote(
    session: AsyncSession, request: QuoteRequest, found: Participants, partner_order_id: str | None
) -> Quote:
    entity, account = found.parts.entity, found.parts.account
    if partner_order_id:
        await refuse_taken_order_id(session, entity.id, account.id if account else None, partner_order_id)
    quote = Quote(
        entity_id=entity.id,
        number=await next_number(session, entity.id, "quote", infix="Q"),
        lead_id=found.lead.id if found.lead else None,
        account_contact_id=account.id if account else None,
        end_customer_contact_id=found.parts.customer.id,
        account_chain_ids=found.parts.chain,
        channel_organization_ids=found.parts.chain,
        service_address_id=found.address.id if found.address else None,
        currency=entity.currency,
        partner_order_id=partner_order_id,
        partner_metadata=request.partner_metadata,
    )
    session.add(quote)
    await session.flush()
    return quote


async def _legal_texts(session: AsyncSession, entity_id: UUID) -> tuple[str, str]:
    """Terms and consent text of the entity's first brand."""
    query = select(Brand.terms, Brand.consent_text).where(Brand.entity_id == entity_id)
    row = (await session.execute(query.order_by(Brand.created_at, Brand.id).limit(1))).first()
    terms, consent = (row[0], row[1]) if row else ("", "")
    return terms, consent or DEFAULT_CONSENT


DEFAULT_CONSENT = (
    "Ik heb de offerte gelezen, ga akkoord met mijn regels, de bedragen en de voorwaarden, en geef opdracht."
)


async def _participants_of(session: AsyncSession, quote: Quote) -> Participants:
    """Those of an existing quote; the account's chain is the one of today."""
    entity = await find(session, BusinessEntity, quote.entity_id)
    customer = await find(session, Contact, quote.end_customer_contact_id)
    account = await find(session, Contact, quote.account_contact_id) if quote.account_contact_id else None
    address = await find(session, Address, quote.service_address_id) if quote.service_address_id else None
    return Participants(Parts(entity, customer, account, address.country if address else None), None, address)


async def _newest(session: AsyncSession, quote_id: UUID) -> QuoteVersion:
    query = select(QuoteVersion).where(QuoteVersion.quote_id == quote_id).order_by(QuoteVersion.number.desc()).limit(1)
    return (await session.execute(query)).scalar_one()


async def _written(
    session: AsyncSession, quote: Quote, newest: QuoteVersion, offer: Offer, reason: str, terms: str | None
) -> QuoteVersion:
    kept = terms or newest.terms
    if newest.sent_at is None:
        await versions.replace(session, newest, quote, offer, terms=kept, reason=reason)
        return newest
    _, consent = await _legal_texts(session, quote.entity_id)
    number = newest.number + 1
    return await versions.add(session, quote, offer, number=number, terms=kept, consent_text=consent, reason=reason)


async def _locked(session: AsyncSession, quote_id: UUID, expected_revision: int | None) -> Quote:
    quote = await find(session, Quote, quote_id, lock=True)
    if expected_revision is not None and quote.version != expected_revision:
        raise Stale(field=("expected_revision",))
    return quote


async def _make_known(session: AsyncSession, quote: Quote) -> None:
    """The customer has an offer now, and the partner whose account it is on sees the customer."""
    customer = await find(session, Contact, quote.end_customer_contact_id, lock=True)
    partner_id, chain = quote.account_contact_id, quote.account_chain_ids
    await relations.relate(session, customer, quote.entity_id, source="STAFF", partner_id=partner_id, chain=chain)
    await relations.advance(session, customer.id, quote.entity_id, Lifecycle.PROSPECT)


async def _expect_signers(session: AsyncSession, quote: Quote, version: QuoteVersion) -> None:
    """A draft that was never sent shows staff who will have to act."""
    if quote.sent_at is None:
        quote.pending_parties = versions.pending(await versions.parties_of(session, version.id))


def _put_in_force(quote: Quote, version: QuoteVersion, parties: list[QuoteParty]) -> None:
    payers = {id for party in parties for id in party.payer_chain_ids}
    quote.status = QuoteStatus.SENT
    quote.current_version = version.number
    quote.pending_parties = versions.pending(parties)
    quote.channel_organization_ids = sorted({*quote.channel_organization_ids, *payers})
    quote.sent_at, quote.expires_at = version.sent_at, version.expires_at
    quote.closed_at = quote.close_reason = None


def _of_offer(offer: Offer) -> dict[str, list[Any]]:
    """For the audit trail: unit prices that were set by hand."""
    by_hand = {str(line.position): line.unit_price_cents for line in offer.lines if line.position in offer.overridden}
    return {"unit_prices_by_hand": [None, by_hand]} if by_hand else {}
