"""Taking in an order of a partner, by whatever way it came (N1, N10): once per number, in one transaction.

    located = await prepare(locator, document)          # may ask the geocoder: before the transaction
    receipt = await submit(session, entity_id=…, organization_id=…, document=document, located=located, way=Way.API,
                           by=actor)

`session` is the platform's, because a partner makes no quotes; what the submitter may do is checked as the submitter.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.enforcing import check_document, check_volume
from domain.agreements.partner_terms import PartnerTerms, terms_for
from domain.contacts import matching, tree
from domain.contacts.addresses import AddressDetails, Locates
from domain.contacts.addresses import located as place
from domain.contacts.models import Contact
from domain.errors import NotFound, PermissionDenied
from domain.numbering.service import AMSTERDAM
from domain.partner_orders import events, integration, making, repeating
from domain.partner_orders.document import PartnerOrderDocument
from domain.partner_orders.errors import NotAnOrderingPartner
from domain.partner_orders.lines import wanted
from domain.partner_orders.models import PartnerOrder, Way
from domain.partner_orders.problems import Problems
from domain.partner_orders.receipt import Numbers, Receipt, receipt
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import BusinessEntity
from tenants.permissions import Permission


@dataclass(frozen=True, slots=True)
class Located:
    """The address of a document in its normal form, with its place on the map, or why a person should look at it."""

    address: AddressDetails


@dataclass(frozen=True, slots=True)
class Incoming:
    """An order that its submitter may submit, before it is one."""

    entity_id: UUID
    organization: Contact
    document: PartnerOrderDocument
    located: Located
    way: Way
    by: Actor
    source_id: UUID | None = None
    body_sha256: bytes | None = None
    began: datetime | None = None

    @property
    def chain(self) -> list[UUID]:
        """The partner and its ancestors, from the root down (Decision 10)."""
        return list(self.organization.chain_organization_ids) or [self.organization.id]

    @property
    def content(self) -> bytes:
        return content_hash(self.document)


async def prepare(locator: Locates, document: PartnerOrderDocument) -> Located:
    """Find the address; what cannot be understood stays as it was given, flagged. Outside of any transaction."""
    given = document.customer.address.model_dump(exclude_none=True)
    original = document.given.get("customer", {}).get("address", given)
    found = await place(locator, given, strict=False)
    return Located(replace(found, original=_as_given(original) or found.original))


async def submit(
    session: AsyncSession,
    *,
    entity_id: UUID,
    organization_id: UUID,
    document: PartnerOrderDocument,
    located: Located,
    way: Way,
    source_id: UUID | None = None,
    by: Actor,
    body_sha256: bytes | None = None,
    began: datetime | None = None,
) -> Receipt:
    """Take in an order; a second one with the same number gives the first. `began`: when the request came.

    Raises: PermissionDenied, NotFound, NotAnOrderingPartner, IntegrationNotLive, and what the terms refuse.
    """
    organization = await _allowed(session, by, entity_id, organization_id)
    incoming = Incoming(entity_id, organization, document, located, way, by, source_id, body_sha256, began)
    integration.require_taking(await integration.governing(session, entity_id, incoming.chain))
    await _one_at_a_time(session, incoming)
    if known := await repeating.known(session, entity_id, organization_id, document.partner_order_id):
        again = await repeating.repeat(session, known, document, incoming.content, way)
        return await _receipt(session, again, await making.numbers(session, again), repeated=True)
    terms = await terms_for(session, entity_id, organization_id)
    await _enforce(session, incoming, terms)
    order, made = await _take(session, incoming, terms)
    return await _receipt(session, order, made, repeated=False)


def content_hash(document: PartnerOrderDocument) -> bytes:
    """SHA-256 of what a document says, in its normal form and without regard to the order of its fields."""
    return hashlib.sha256(orjson.dumps(document.normal, option=orjson.OPT_SORT_KEYS)).digest()


# --- who may, and what was agreed ---------------------------------------------------------------------------------


async def _allowed(session: AsyncSession, by: Actor, entity_id: UUID, organization_id: UUID) -> Contact:
    """The partner, where the submitter may order for it at this entity."""
    if not by.may(Permission.PARTNER_ORDERS_SUBMIT):
        raise PermissionDenied()
    await tree.lock(session)
    if by.audience is Audience.SYSTEM:
        organization = await tree.organization(session, organization_id, field=("organization_id",))
    else:
        async with acting_as(session, by):
            await find(session, BusinessEntity, entity_id, field=("entity_id",))
            organization = await tree.organization(session, organization_id, field=("organization_id",))
    if by.audience is not Audience.SYSTEM and entity_id not in by.entity_ids:
        raise NotFound(field=("entity_id",))
    if by.audience is Audience.PARTNER and by.organization_id not in organization.chain_organization_ids:
        raise NotFound(field=("organization_id",))
    if organization.partner_model is None or entity_id not in organization.entity_ids:
        raise NotAnOrderingPartner(field=("organization_id",))
    return organization


async def _one_at_a_time(session: AsyncSession, incoming: Incoming) -> None:
    """A second submission of the number waits here for the first one's commit, in whichever process."""
    key = f"partner order {incoming.entity_id} {incoming.organization.id} {incoming.document.partner_order_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 8))))


async def _enforce(session: AsyncSession, incoming: Incoming, terms: PartnerTerms) -> None:
    check_document(terms, incoming.document.normal)
    if terms.orders_per_day is None:
        return
    key = f"partner orders of {incoming.entity_id} {incoming.organization.id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 8))))
    midnight = datetime.combine(clock.now().astimezone(AMSTERDAM).date(), time.min, AMSTERDAM).astimezone(UTC)
    query = select(func.count()).where(
        PartnerOrder.entity_id == incoming.entity_id,
        PartnerOrder.organization_id == incoming.organization.id,
        PartnerOrder.received_at >= midnight,
    )
    check_volume(terms, (await session.execute(query)).scalar_one())


# --- taking in ----------------------------------------------------------------------------------------------------


async def _take(session: AsyncSession, incoming: Incoming, terms: PartnerTerms) -> tuple[PartnerOrder, Numbers]:
    order = await _insert(session, incoming)
    problems = Problems(session, order, incoming.by.language)
    found = await wanted(session, incoming.entity_id, incoming.chain, incoming.document.products)
    if taken := await repeating.adopt(session, order):
        await problems.known_by_hand(taken)
    elif found.lines:
        refused = await making.make(session, order, incoming.document, terms, found.lines, found.unmapped)
        if refused is not None:
            await problems.not_sellable(refused)
    await problems.products(incoming.document, found.unmapped)
    await problems.address(incoming.located.address)
    problems.remarks(incoming.document)
    order.issues = problems.issues
    await problems.mail(incoming.organization)
    made = await making.numbers(session, order)
    order.answered_ms = _milliseconds(incoming.began)
    await events.tell(session, order, _received(order, made))
    return order, made


async def _insert(session: AsyncSession, incoming: Incoming) -> PartnerOrder:
    customer, by = incoming.document.customer, incoming.by
    values = {"name": customer.name, "email": customer.email, "phone": customer.phone}
    found = await matching.find_or_create(
        session,
        values,
        entity_id=incoming.entity_id,
        source=f"PARTNER_{incoming.way}",
        partner_id=incoming.organization.id,
        address=incoming.located.address,
    )
    order = PartnerOrder(
        entity_id=incoming.entity_id,
        organization_id=incoming.organization.id,
        channel_organization_ids=incoming.chain,
        partner_order_id=incoming.document.partner_order_id,
        way=incoming.way.value,
        source_id=incoming.source_id,
        document=incoming.document.given,
        body_sha256=incoming.body_sha256 or hashlib.sha256(orjson.dumps(incoming.document.given)).digest(),
        content_sha256=incoming.content,
        contact_id=found.contact.id,
        address_id=found.address.id if found.address else None,
        submitted_by=by.name,
        submitted_by_client_id=by.client.id if by.client else None,
        submitted_by_user_id=by.user_id,
    )
    session.add(order)
    await session.flush()
    return order


def _received(order: PartnerOrder, made: Numbers) -> events.PartnerOrderReceived:
    return events.PartnerOrderReceived(order.partner_order_id, order.way, made.order, made.quote)


async def _receipt(session: AsyncSession, order: PartnerOrder, made: Numbers, *, repeated: bool) -> Receipt:
    minutes = select(BusinessEntity.processing_minutes).where(BusinessEntity.id == order.entity_id)
    return receipt(order, made, (await session.execute(minutes)).scalar_one(), repeated=repeated)


def _milliseconds(began: datetime | None) -> int | None:
    return None if began is None else max(0, round((clock.now() - began).total_seconds() * 1000))


def _as_given(original: Any) -> dict[str, Any]:
    """Every field of the address as it came (O6), each cut to what a person types."""
    if not isinstance(original, dict):
        return {}
    return {str(name)[:100]: str(value)[:200] for name, value in original.items() if value is not None}
