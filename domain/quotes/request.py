"""What a caller asks of a new quote, and who takes part in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Address, Contact, ContactType
from domain.errors import Faults, FieldPath, NotFound
from domain.leads.models import Lead, LeadStatus
from domain.quotes.draft import LineRequest, Parts
from domain.quotes.errors import (
    AddressOfAnother,
    ContactReplaced,
    LeadNotQualified,
    LeadOfAnother,
    NotAPartner,
    PartnerAccountRequired,
    PartnerOrderTaken,
)
from domain.quotes.models import Quote, QuoteStatus
from domain.rows import find
from domain.validation import json_object, name, optional, text
from tenants.models import BusinessEntity

MOST_METADATA_BYTES = 10_000
MOST_TERMS = 20_000
LONGEST_ORDER_ID = 100
_ENDED = (QuoteStatus.DECLINED, QuoteStatus.EXPIRED, QuoteStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRequest:
    """A new quote. Customer, account and address default to those of the lead."""

    entity_id: UUID
    lines: Sequence[LineRequest]
    lead_id: UUID | None = None
    end_customer_id: UUID | None = None
    account_id: UUID | None = None
    service_address_id: UUID | None = None
    partner_order_id: str | None = None
    partner_metadata: dict[str, Any] = field(default_factory=dict)
    terms: str | None = None
    ordered_by_partner: bool = False
    """The account's own order is behind it, and its agreement makes orders of its orders (see parties.py)."""

    def checked(self) -> dict[str, Any]:
        """The columns that are the caller's own words, in normal form."""
        with Faults() as faults:
            order_id = faults.take(_order_id, self.partner_order_id, "partner_order_id")
            terms = faults.take(terms_of, self.terms, "terms")
            faults.take(partial(json_object, maximum=MOST_METADATA_BYTES), self.partner_metadata, "partner_metadata")
        return {"partner_order_id": order_id, "terms": terms}


@dataclass(frozen=True, slots=True)
class Participants:
    """Who takes part, found and checked."""

    parts: Parts
    lead: Lead | None
    address: Address | None


async def participants(session: AsyncSession, request: QuoteRequest, *, lock: bool = True) -> Participants:
    """Find everybody; each fault names its field. The lead is locked, unless nothing is to be written."""
    entity = await find(session, BusinessEntity, request.entity_id, field=("entity_id",))
    lead = await _lead(session, request.entity_id, request.lead_id, lock) if request.lead_id else None
    customer_id = request.end_customer_id or (lead.contact_id if lead else None)
    customer = await _contact(
        session, entity, customer_id, ("end_customer_id",), follow=request.end_customer_id is None
    )
    if lead and not await _is_the_same(session, lead.contact_id, customer):
        raise LeadOfAnother(field=("lead_id",))
    account_id = request.account_id or (lead.partner_organization_id if lead else None)
    account = await _account(session, entity, account_id) if account_id else None
    if entity.requires_partner and account is None:
        raise PartnerAccountRequired(entity=entity.name, field=("account_id",))
    address = await _address(session, request, lead, customer, account)
    country = address.country if address else None
    return Participants(Parts(entity, customer, account, country, request.ordered_by_partner), lead, address)


async def refuse_taken_order_id(session: AsyncSession, entity_id: UUID, account_id: UUID | None, order_id: str) -> None:
    """Decision 11. Two requests with the same id wait for each other, so that one of them is refused."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{account_id}/{order_id}", 11))))
    query = select(Quote.number).where(
        Quote.entity_id == entity_id,
        Quote.account_contact_id == account_id,
        Quote.partner_order_id == order_id,
        Quote.status.not_in(_ENDED),
    )
    taken = (await session.execute(query.limit(1))).scalar_one_or_none()
    if taken:
        raise PartnerOrderTaken(partner_order_id=order_id, number=taken, field=("partner_order_id",))


async def _lead(session: AsyncSession, entity_id: UUID, lead_id: UUID, lock: bool) -> Lead:
    lead = await find(session, Lead, lead_id, lock=lock, field=("lead_id",))
    if lead.entity_id != entity_id:
        raise LeadOfAnother(field=("lead_id",))
    if lead.status not in (LeadStatus.QUALIFIED, LeadStatus.QUOTED):
        raise LeadNotQualified(status=lead.status, field=("lead_id",))
    return lead


async def _contact(
    session: AsyncSession, entity: BusinessEntity, id: UUID | None, field: FieldPath, *, follow: bool = False
) -> Contact:
    if id is None:
        raise NotFound(field=field)
    contact = await find(session, Contact, id, field=field)
    if follow and contact.merged_into_id:
        contact = await find(session, Contact, contact.merged_into_id, field=field)
    if contact.merged_into_id or contact.erased_at:
        raise ContactReplaced(field=field)
    if entity.id not in contact.entity_ids:
        raise NotFound(field=field)
    return contact


async def _is_the_same(session: AsyncSession, contact_id: UUID, contact: Contact) -> bool:
    """Whether the id is the contact's, or that of a duplicate which was merged into it."""
    if contact_id == contact.id:
        return True
    merged = select(Contact.id).where(Contact.id == contact_id, Contact.merged_into_id == contact.id)
    return (await session.execute(merged)).first() is not None


async def _account(session: AsyncSession, entity: BusinessEntity, id: UUID) -> Contact:
    account = await _contact(session, entity, id, ("account_id",))
    if account.contact_type != ContactType.ORGANIZATION or account.partner_model is None:
        raise NotAPartner(field=("account_id",))
    return account


async def _address(
    session: AsyncSession, request: QuoteRequest, lead: Lead | None, customer: Contact, account: Contact | None
) -> Address | None:
    """The address that was asked for, else the lead's, else where the customer lives."""
    if request.service_address_id is None:
        own = (lead.address_id if lead else None) or customer.address_id
        return await session.get(Address, own) if own else None
    address = await find(session, Address, request.service_address_id, field=("service_address_id",))
    lead_address = lead.address_id if lead else None
    if address.id != lead_address and address.contact_id not in (customer.id, account.id if account else None):
        raise AddressOfAnother(field=("service_address_id",))
    return address


def _order_id(value: str | None) -> str | None:
    return optional(partial(name, maximum=LONGEST_ORDER_ID), value)


def terms_of(value: str | None) -> str | None:
    """Terms of a version in normal form."""
    return optional(partial(text, maximum=MOST_TERMS), value)
