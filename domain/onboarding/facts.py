"""What is there already: each step that no judgement is needed for follows from it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements import service as agreements
from domain.agreements.models import CommissionTerms
from domain.catalog.models import PartnerSku, Price, PriceList
from domain.contacts.models import Contact
from domain.inbound_mail.models import InboundAddress
from domain.onboarding import agreement as signing
from domain.onboarding import criteria, steps
from domain.onboarding.criteria import Definition
from domain.onboarding.models import (
    OnboardingStep,
    PartnerDocument,
    PartnerDocumentState,
    PartnerOnboarding,
    StepOwner,
    StepState,
    WayIn,
)
from domain.partner_orders.models import PartnerIntegration
from domain.sandbox import checks
from domain.ways_in.models import MappedWebhook, OrderForm
from domain.webhooks.models import EndpointState, WebhookEndpoint
from tenants.auth import clock
from tenants.auth.models import ApiKey, OAuthClient
from tenants.models import Membership, MembershipStatus
from tenants.permissions import Role


@dataclass(frozen=True, slots=True)
class Fact:
    """What a step's state is by what there is, what decided it, and who has to act where that is not its owner."""

    state: StepState
    detail: dict[str, Any] = field(default_factory=dict)
    owner: StepOwner | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """An onboarding with its organization and what its category asks."""

    row: PartnerOnboarding
    definition: Definition
    chain: list[UUID]
    """The organization and those above it, root first; empty before there is one."""

    @property
    def organization_id(self) -> UUID:
        return self.chain[-1]


WAITING = Fact(StepState.WAITING)
Look = Callable[[AsyncSession, Case], Awaitable[Fact]]


async def case_of(session: AsyncSession, row: PartnerOnboarding) -> Case:
    chain: list[UUID] = []
    if row.organization_id is not None:
        found = await session.scalar(select(Contact.chain_organization_ids).where(Contact.id == row.organization_id))
        chain = list(found or ())
    return Case(row, criteria.parse(row.definition), chain)


async def of(session: AsyncSession, case: Case, step: OnboardingStep) -> Fact | None:
    """What a step's state follows from; None where a register or a person decides."""
    if look := _BEFORE.get(step.code):
        return await look(session, case)
    if step.code in _BEYOND:
        return None
    if not case.chain:
        return WAITING
    if step.code.startswith(steps.DOCUMENT):
        return await _document(session, case, step.code.removeprefix(steps.DOCUMENT))
    return await _AFTER[step.code](session, case)


# --- before there is an organization --------------------------------------------------------------------------------


async def _confirmed(session: AsyncSession, case: Case) -> Fact:
    return _when(case.row.confirmed_at is not None)


async def _criteria(session: AsyncSession, case: Case) -> Fact:
    """The way in is one of the category's, and enough orders are expected."""
    least, expected = case.definition.orders_per_month, case.row.orders_per_month
    detail = {"least_orders_per_month": least, "orders_per_month": expected, "way_in": case.row.way_in}
    holds = case.row.way_in in case.definition.ways_in and (not least or (expected or 0) >= least)
    return Fact(StepState.DONE if holds else StepState.FAILED, detail)


async def _unique(session: AsyncSession, case: Case) -> Fact:
    """No organization of the entity has the same number, address of mail or name."""
    if case.row.organization_id is not None:
        return Fact(StepState.DONE)
    known = (await session.execute(select(Contact.id).where(_like(case.row)).limit(5))).scalars().all()
    return Fact(StepState.FAILED, {"known": [str(id) for id in known]}) if known else Fact(StepState.DONE)


def _like(row: PartnerOnboarding) -> ColumnElement[bool]:
    same = (Contact.email == row.email) | (func.lower(Contact.name) == row.company_name.lower())
    if row.kvk_number:
        same |= Contact.kvk_number == row.kvk_number
    if row.vat_number:
        same |= Contact.vat_number == row.vat_number
    return (
        same
        & (Contact.contact_type == "ORGANIZATION")
        & Contact.entity_ids.contains([row.entity_id])
        & Contact.merged_into_id.is_(None)
    )


# --- once there is one ----------------------------------------------------------------------------------------------


async def _organization(session: AsyncSession, case: Case) -> Fact:
    return Fact(StepState.DONE, {"levels_above": len(case.chain) - 1})


async def _administrator(session: AsyncSession, case: Case) -> Fact:
    admin = exists().where(
        Membership.organization_id == case.organization_id,
        Membership.entity_id == case.row.entity_id,
        Membership.role == Role.PARTNER_ADMIN.value,
        Membership.status == MembershipStatus.ACTIVE,
    )
    return _when(await _is(session, admin))


async def _document(session: AsyncSession, case: Case, kind: str) -> Fact:
    query = (
        select(PartnerDocument)
        .filter_by(entity_id=case.row.entity_id, organization_id=case.organization_id, kind=kind)
        .order_by(PartnerDocument.number.desc())
    )
    rows = list((await session.scalars(query.limit(20))).all())
    if any(row.state == PartnerDocumentState.VERIFIED for row in rows):
        return Fact(StepState.DONE)
    if not rows:
        return WAITING
    match rows[0].state:
        case PartnerDocumentState.PENDING:
            return Fact(StepState.WAITING, {"version": rows[0].number}, StepOwner.STAFF)
        case _:
            return Fact(StepState.FAILED, {"version": rows[0].number, "state": rows[0].state})


async def _agreement(session: AsyncSession, case: Case) -> Fact:
    found = await agreements.agreement_for(session, case.row.entity_id, case.chain, clock.now())
    return Fact(StepState.DONE, {"agreement": str(found.id)}) if found else WAITING


async def _commission(session: AsyncSession, case: Case) -> Fact:
    whose: ColumnElement[bool] = CommissionTerms.organization_id.in_(case.chain)
    if not case.definition.own_commission:
        whose |= CommissionTerms.organization_id.is_(None)
    agreed = exists().where(
        CommissionTerms.entity_id == case.row.entity_id, whose, CommissionTerms.valid.op("@>")(func.now())
    )
    if await _is(session, agreed):
        return Fact(StepState.DONE)
    return WAITING if case.definition.own_commission else Fact(StepState.DONE, {"rates": "platform"})


async def _signature(session: AsyncSession, case: Case) -> Fact:
    found = await agreements.agreement_for(session, case.row.entity_id, case.chain, clock.now())
    if found is None:
        return WAITING
    signed = await signing.signature_of(session, found)
    return Fact(StepState.DONE, {"signature": str(signed.id)}) if signed else WAITING


async def _credentials(session: AsyncSession, case: Case) -> Fact:
    mine = {"entity_id": case.row.entity_id, "organization_id": case.organization_id}
    key = select(ApiKey.id).filter_by(**mine).where(ApiKey.revoked_at.is_(None))
    key = key.where(ApiKey.expires_at.is_(None) | (ApiKey.expires_at > clock.now()))
    client = select(OAuthClient.id).filter_by(**mine).where(OAuthClient.revoked_at.is_(None))
    client = client.where(OAuthClient.grant_types.contains(["client_credentials"]))
    return _when(await _is(session, key.exists() | client.exists()))


async def _way_in(session: AsyncSession, case: Case) -> Fact:
    mine = {"entity_id": case.row.entity_id, "organization_id": case.organization_id, "active": True}
    match WayIn(case.row.way_in):
        case WayIn.API:
            return await _credentials(session, case)
        case WayIn.PORTAL:
            return await _administrator(session, case)
        case WayIn.WEBHOOK:
            return _when(await _is(session, select(MappedWebhook.id).filter_by(**mine).exists()))
        case WayIn.FORM:
            return _when(await _is(session, select(OrderForm.id).filter_by(**mine).exists()))
        case WayIn.EMAIL:
            return _when(await _is(session, select(InboundAddress.id).filter_by(**mine).exists()))


async def _sku_map(session: AsyncSession, case: Case) -> Fact:
    query = select(func.count()).where(
        PartnerSku.entity_id == case.row.entity_id, PartnerSku.organization_id.in_(case.chain)
    )
    many = (await session.execute(query)).scalar_one()
    return Fact(StepState.DONE, {"articles": many}) if many else WAITING


async def _prices(session: AsyncSession, case: Case) -> Fact:
    whose: ColumnElement[bool] = PriceList.partner_organization_id.in_(case.chain)
    if not case.definition.own_prices:
        whose |= PriceList.partner_organization_id.is_(None)
    priced = exists().where(
        Price.price_list_id == PriceList.id,
        PriceList.entity_id == case.row.entity_id,
        whose,
        Price.valid.op("@>")(func.now()),
    )
    return _when(await _is(session, priced))


async def _updates(session: AsyncSession, case: Case) -> Fact:
    mine = {"entity_id": case.row.entity_id, "organization_id": case.organization_id}
    endpoint = select(WebhookEndpoint.id).filter_by(**mine, state=EndpointState.ENABLED.value).exists()
    mailed = select(PartnerIntegration.id).filter_by(**mine).where(PartnerIntegration.notify_emails != [])
    return _when(await _is(session, endpoint | mailed.exists()))


async def _sandbox(session: AsyncSession, case: Case) -> Fact:
    return _when(await checks.passed(session, case.row.entity_id, case.organization_id))


async def _live(session: AsyncSession, case: Case) -> Fact:
    return _when(case.row.live_at is not None)


async def _is(session: AsyncSession, condition: ColumnElement[bool]) -> bool:
    return bool((await session.execute(select(condition))).scalar())


def _when(holds: bool) -> Fact:
    return Fact(StepState.DONE) if holds else WAITING


_BEYOND: Sequence[str] = (steps.KVK.code, steps.VAT.code, steps.ACCEPTED.code)
_BEFORE: dict[str, Look] = {
    steps.EMAIL_CONFIRMED.code: _confirmed,
    steps.CRITERIA.code: _criteria,
    steps.UNIQUE.code: _unique,
}
_AFTER: dict[str, Look] = {
    steps.ORGANIZATION.code: _organization,
    steps.ADMINISTRATOR.code: _administrator,
    steps.AGREEMENT.code: _agreement,
    steps.COMMISSION.code: _commission,
    steps.SIGNATURE.code: _signature,
    steps.CREDENTIALS.code: _credentials,
    steps.WAY_IN.code: _way_in,
    steps.SKU_MAP.code: _sku_map,
    steps.PRICES.code: _prices,
    steps.UPDATES.code: _updates,
    steps.SANDBOX_CHECKS.code: _sandbox,
    steps.GOING_LIVE.code: _live,
}
