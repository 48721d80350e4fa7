"""Which agreement holds, and what it proposes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.agreements import commission_book
from domain.agreements.events import AgreementSaved
from domain.agreements.models import Agreement, PayerProposal
from domain.agreements.partner_terms import PartnerTerms, as_json, parse
from domain.catalog.models import ArticleCategory
from domain.contacts.models import Contact
from domain.errors import DomainError, Faults, NotAChoice, OutOfRange, Required
from domain.events.record import plain, record
from domain.numbering.service import AMSTERDAM
from domain.rows import find
from tenants.base import moment
from tenants.models import BusinessEntity

_PROCESSING = ("processing_agreement_version", "processing_agreement_signed_on")
_EARLIEST = date(2000, 1, 1)
_GOING_ON = (
    "default_payer",
    "payer_by_category",
    "partner_signs",
    "partner_without_lines",
    "quote_valid_days",
    "payment_terms_days",
)


class NothingAgreed(DomainError):
    code = "NOTHING_AGREED"
    nl = "Met deze partner is nog niets afgesproken; leg eerst een overeenkomst vast."
    en = "Nothing is agreed with this partner yet; save an agreement first."


async def agreement_for(
    session: AsyncSession, entity_id: UUID, chain: Sequence[UUID], at: datetime
) -> Agreement | None:
    """The agreement in force with the nearest organization of the chain (root first), or none."""
    query = (
        select(Agreement)
        .where(
            Agreement.entity_id == entity_id, Agreement.organization_id.in_(chain), Agreement.valid.op("@>")(moment(at))
        )
        .order_by(func.array_position(list(chain), Agreement.organization_id).desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


def propose_payer(agreement: Agreement | None, category: str, customer_id: UUID, partner_id: UUID | None) -> UUID:
    """Who is proposed to pay a line of an article category (Q4): by category, else the agreement's default."""
    if agreement is None:
        return customer_id
    choice = agreement.payer_by_category.get(category, agreement.default_payer)
    if choice == PayerProposal.CUSTOMER:
        return customer_id
    if choice == PayerProposal.PARTNER:
        return partner_id or customer_id
    return UUID(choice)


async def save_agreement(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, terms: dict[str, Any]
) -> Agreement:
    """Agree anew from now on: the agreement in force ends, the history of what held when stays.

    The processing agreement is a document of its own: where terms name none, the one in force goes on. So does what
    is agreed about orders (`terms`, partner_terms.py), and about commission; `commission` None lets the entity's
    standard hold.
    """
    commission = {name: terms[name] for name in ("commission",) if name in terms}
    terms = {name: value for name, value in terms.items() if name not in commission}
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    organization = await find(session, Contact, organization_id, field=("organization_id",))
    if terms.get("default_payer") == PayerProposal.ORGANIZATION:
        raise NotAChoice(choices="CUSTOMER, PARTNER", field=("default_payer",))
    await _check_payers(session, terms.get("payer_by_category", {}))
    terms = terms | _processing(terms)
    now = datetime.now(UTC)
    before = await _end_current(session, entity_id, organization_id, now)
    going_on = {column: getattr(before, column, None) for column in _PROCESSING}
    going_on["terms"] = before.terms if before else {}
    values = {"entity_id": entity_id, "organization_id": organization_id, **going_on, **terms}
    agreement = Agreement(valid=Range(now, None), **values)
    session.add(agreement)
    await session.flush()
    await session.refresh(agreement)
    with Faults() as faults, faults.at("commission"):
        about_commission = await commission_book.agree(session, agreement, commission)
    await record(
        session,
        AgreementSaved(default_payer=agreement.default_payer, partner_signs=agreement.partner_signs),
        entity_id=entity_id,
        subject_id=agreement.id,
        organization_ids=[organization_id],
        channel=organization.channel_organization_ids,
        changes={key: [plain(getattr(before, key, None)), plain(value)] for key, value in terms.items()}
        | about_commission,
    )
    return agreement


async def save_terms(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, given: Mapping[str, Any]
) -> tuple[PartnerTerms, Agreement]:
    """Agree anew about orders alone: what else is in force goes on. The terms before, and the agreement.

    Raises: NothingAgreed; InvalidInput or DomainErrors with all faults of the terms.
    """
    with Faults() as faults, faults.at("terms"):
        wanted = parse(given)
    current = await _current(session, entity_id, organization_id)
    if current is None:
        raise NothingAgreed(field=("organization_id",))
    before = parse(current.terms)
    kept = {column: getattr(current, column) for column in _GOING_ON}
    return before, await save_agreement(session, entity_id, organization_id, kept | {"terms": as_json(wanted)})


async def _current(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> Agreement | None:
    query = select(Agreement).where(
        Agreement.entity_id == entity_id,
        Agreement.organization_id == organization_id,
        Agreement.valid.op("@>")(moment(datetime.now(UTC))),
    )
    return (await session.execute(query)).scalar_one_or_none()


async def _end_current(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, now: datetime
) -> Agreement | None:
    query = select(Agreement).where(
        Agreement.entity_id == entity_id,
        Agreement.organization_id == organization_id,
        Agreement.valid.op("@>")(moment(now)),
    )
    current = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if current:
        current.valid = Range(current.valid.lower, now)
        await session.flush()
    return current


def _processing(terms: dict[str, Any]) -> dict[str, Any]:
    """The processing agreement that terms name, version and day together, in its normal form; empty if they do not."""
    if not any(column in terms for column in _PROCESSING):
        return {}
    version, signed_on = (terms.get(column) for column in _PROCESSING)
    if version is None and signed_on is None:
        return dict.fromkeys(_PROCESSING)
    if version is None or signed_on is None:
        raise Required(field=(_PROCESSING[version is not None],))
    today = datetime.now(AMSTERDAM).date()
    if not _EARLIEST <= signed_on <= today:
        raise OutOfRange(minimum=_EARLIEST.isoformat(), maximum=today.isoformat(), field=(_PROCESSING[1],))
    return {_PROCESSING[0]: validation.name(version, _PROCESSING[0], maximum=50), _PROCESSING[1]: signed_on}


async def _check_payers(session: AsyncSession, payers: dict[str, str]) -> None:
    """Categories and payers exist; faults name the place in the input's list, whose order the mapping keeps."""
    for place, (category, payer) in enumerate(payers.items()):
        if category not in set(ArticleCategory):
            raise NotAChoice(choices=", ".join(ArticleCategory), field=("payer_by_category", place, "category"))
        if payer not in (PayerProposal.CUSTOMER, PayerProposal.PARTNER):
            await find(session, Contact, UUID(payer), field=("payer_by_category", place, "organization_id"))
