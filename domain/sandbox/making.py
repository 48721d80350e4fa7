"""Making a partner's sandbox, and emptying it. `session` is the platform's; who asks is checked before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import service as contacts
from domain.contacts import tree
from domain.contacts.models import Contact
from domain.entities.events import BrandCreated, EntityCreated
from domain.errors import NotFound
from domain.events.record import record
from domain.partner_orders import integration
from domain.partner_orders.models import IntegrationStatus, PartnerIntegration, PartnerSigningSecret
from domain.rows import find
from domain.sandbox import events
from domain.sandbox.copying import copy_catalog, copy_partner
from domain.sandbox.errors import SandboxOfASandbox
from domain.sandbox.models import PartnerSandbox
from domain.webhooks.models import WebhookEndpoint
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.auth.models import ApiKey
from tenants.models import Brand, BusinessEntity

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_NOT_COPIED = frozenset({"id", "code", "name", "invoice_prefix", "created_at", "updated_at", "sandbox_of_entity_id"})
_FIELD = ("sandbox_id",)
_MOVED = (ApiKey, WebhookEndpoint, PartnerIntegration, PartnerSigningSecret)
"""What survives emptying a sandbox: how the partner's systems reach it."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The partner on the live side and in its sandbox."""

    sandbox: PartnerSandbox
    chain: Sequence[UUID]
    partner: Contact


async def of(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> PartnerSandbox | None:
    """The sandbox of a partner with an entity."""
    query = select(PartnerSandbox).filter_by(entity_id=entity_id, organization_id=organization_id)
    return (await session.execute(query)).scalar_one_or_none()


async def seen(session: AsyncSession, by: Actor, id: UUID, *, lock: bool = True) -> PartnerSandbox:
    """The sandbox, where `by` sees it. Raises: NotFound."""
    if by.audience is not Audience.SYSTEM:
        async with acting_as(session, by):
            await find(session, PartnerSandbox, id, field=_FIELD)
    return await find(session, PartnerSandbox, id, lock=lock, field=_FIELD)


async def create(session: AsyncSession, by: Actor, entity_id: UUID, organization_id: UUID) -> PartnerSandbox:
    """The sandbox of a partner that `by` sees, made where there is none. Raises: NotFound, SandboxOfASandbox."""
    partner = await _partner(session, by, entity_id, organization_id)
    await session.execute(_LOCK, {"key": f"sandbox {entity_id}"})
    if known := await of(session, entity_id, organization_id):
        return known
    now = clock.now()
    copy = await _entity(session, entity_id, now)
    twin = await _twin(session, partner, copy.id)
    await copy_partner(session, entity_id, copy.id, partner.chain_organization_ids, twin.id, now)
    made = PartnerSandbox(
        entity_id=entity_id,
        organization_id=partner.id,
        sandbox_entity_id=copy.id,
        sandbox_organization_id=twin.id,
        copied_at=now,
        emptied_at=now,
        created_by_user_id=by.user_id,
    )
    session.add(made)
    await session.flush()
    await _connect(session, made)
    await events.tell(session, made, events.SandboxCreated())
    return made


async def empty(session: AsyncSession, sandbox: PartnerSandbox) -> PartnerSandbox:
    """Begin anew: another organization takes the twin's place, so numbers of orders are free again; credentials stay.

    What was sent before stays with the organization that was the twin, which nobody sees any more.
    """
    now, old = clock.now(), sandbox.sandbox_organization_id
    partner = await find(session, Contact, sandbox.organization_id)
    await session.execute(update(Contact).where(Contact.id == old).values(partner_code=None))
    twin = await _twin(session, partner, sandbox.sandbox_entity_id)
    for model in _MOVED:
        mine = update(model).where(
            model.organization_id == old,
            model.entity_id == sandbox.sandbox_entity_id,
        )
        await session.execute(mine.values(organization_id=twin.id).execution_options(synchronize_session=False))
    await copy_catalog(session, sandbox.entity_id, sandbox.sandbox_entity_id, now)
    chain = partner.chain_organization_ids
    await copy_partner(session, sandbox.entity_id, sandbox.sandbox_entity_id, chain, twin.id, now)
    sandbox.sandbox_organization_id, sandbox.copied_at, sandbox.emptied_at = twin.id, now, now
    sandbox.faults, sandbox.clock_offset_seconds, sandbox.clock_frozen_at = {}, 0, None
    await session.flush()
    await _connect(session, sandbox)
    await events.tell(session, sandbox, events.SandboxEmptied())
    return sandbox


async def twin_integration(session: AsyncSession, sandbox: PartnerSandbox) -> PartnerIntegration:
    """The integration of the twin."""
    return await integration.of(session, sandbox.sandbox_entity_id, sandbox.sandbox_organization_id)


async def code_of(session: AsyncSession, sandbox: PartnerSandbox) -> str | None:
    """The twin's name in paths."""
    return (await find(session, Contact, sandbox.sandbox_organization_id)).partner_code


async def _partner(session: AsyncSession, by: Actor, entity_id: UUID, organization_id: UUID) -> Contact:
    if by.audience is not Audience.SYSTEM:
        async with acting_as(session, by):
            await find(session, BusinessEntity, entity_id, field=("entity_id",))
            await tree.organization(session, organization_id, field=("organization_id",))
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    partner = await tree.organization(session, organization_id, field=("organization_id",))
    beyond = by.audience is Audience.PARTNER and by.organization_id != partner.id
    if beyond or partner.partner_model is None or entity_id not in partner.entity_ids:
        raise NotFound(field=("organization_id",))
    if entity.sandbox_of_entity_id is not None:
        raise SandboxOfASandbox(field=("entity_id",))
    return partner


async def _entity(session: AsyncSession, live_id: UUID, now: datetime) -> BusinessEntity:
    """The sandbox entity that stands beside a live one; under the lock."""
    query = select(BusinessEntity).where(BusinessEntity.sandbox_of_entity_id == live_id)
    if known := (await session.execute(query)).scalar_one_or_none():
        return known
    live = await find(session, BusinessEntity, live_id)
    kept = {c.name: getattr(live, c.name) for c in BusinessEntity.__table__.columns if c.name not in _NOT_COPIED}
    id = (await session.execute(select(func.uuidv7()))).scalar_one()
    made = BusinessEntity(
        id=id,
        code=f"S{live.code}",
        name=f"{live.name} (sandbox)",
        invoice_prefix=f"S{live.invoice_prefix}",
        sandbox_of_entity_id=live.id,
        **kept,
    )
    session.add(made)
    await session.flush()
    await record(session, EntityCreated(made.code), entity_id=id, subject_id=id)
    await _brand(session, live, made)
    await copy_catalog(session, live.id, id, now)
    return made


async def _brand(session: AsyncSession, live: BusinessEntity, made: BusinessEntity) -> None:
    """Letters name a sender, and quotes have terms; nobody logs in at its host."""
    query = select(Brand).where(Brand.entity_id == live.id).order_by(Brand.created_at, Brand.id).limit(1)
    first = (await session.execute(query)).scalar_one_or_none()
    shown = ("locale", "logo_url", "theme", "terms", "privacy_statement", "consent_text", "sender_name")
    values = {name: getattr(first, name) for name in shown} if first else {"sender_name": live.name}
    host = f"{made.code.lower()}.sandbox.invalid"
    row = insert(Brand).values(
        entity_id=made.id,
        host=host,
        name=made.name,
        sender_email=first.sender_email if first else live.email,
        **values,
    )
    id = (await session.execute(row.returning(Brand.id))).scalar_one()
    await record(session, BrandCreated(host), entity_id=made.id, subject_id=id)


async def _twin(session: AsyncSession, partner: Contact, sandbox_entity_id: UUID) -> Contact:
    values = {
        "name": f"{partner.name} (sandbox)",
        "partner_model": partner.partner_model,
        "partner_code": await _code(session, partner),
        "language": partner.language,
        "payment_terms_days": partner.payment_terms_days,
    }
    return await contacts.create_organization(session, values, entity_id=sandbox_entity_id, source="SANDBOX")


async def _code(session: AsyncSession, partner: Contact) -> str:
    """`groendus-sandbox`; with a number of its own where that is taken."""
    wanted = f"{partner.partner_code or 'partner'}-sandbox"
    taken = await session.scalar(select(Contact.id).where(Contact.partner_code == wanted))
    return f"{wanted}-{partner.id.hex[-8:]}" if taken else wanted


async def _connect(session: AsyncSession, sandbox: PartnerSandbox) -> None:
    """The twin's integration asks for signatures where the live one does; requests come from anywhere."""
    partner = await find(session, Contact, sandbox.organization_id)
    live = await integration.governing(session, sandbox.entity_id, partner.chain_organization_ids)
    twin = await twin_integration(session, sandbox)
    twin.status = IntegrationStatus.SANDBOX
    twin.signature_required = live.signature_required
    twin.requests_per_minute = live.requests_per_minute
    twin.notify_emails = list(live.notify_emails)
    twin.clock_offset_seconds, twin.clock_frozen_at = 0, None
    await session.flush()
