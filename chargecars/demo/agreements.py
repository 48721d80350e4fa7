"""What the entities agreed with their partners: who pays what, and whether the partner signs."""

from datetime import datetime
from uuid import UUID

from asyncpg import Range

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.tenants import Entity
from domain.agreements.models import Agreement, PartnerWithoutLines, PayerProposal
from domain.catalog.models import ArticleCategory
from domain.contacts.models import PartnerModel
from domain.quotes.parties import Policy

_PARTNER = PayerProposal.PARTNER.value
_GOODS = (
    ArticleCategory.CHARGING_STATION,
    ArticleCategory.CABLE_ACCESSORY,
    ArticleCategory.MOUNTING_POLE,
    ArticleCategory.SMART_METER_OCPP,
)
_PAYS = {
    PartnerModel.ENERGY: {category.value: _PARTNER for category in _GOODS},
    PartnerModel.AUTOMOTIVE: {ArticleCategory.CHARGING_STATION.value: _PARTNER},
    PartnerModel.B2B_CONTRACTOR: {category.value: _PARTNER for category in ArticleCategory},
    PartnerModel.LEAD_TRANSFER: {},
}
_VALID_DAYS = {"groendus": 45}
_COLUMNS = (
    "id",
    "entity_id",
    "organization_id",
    "default_payer",
    "payer_by_category",
    "partner_signs",
    "partner_without_lines",
    "quote_valid_days",
    "payment_terms_days",
    "terms",
)


def agreed(draw: Draw, entity: Entity, partner_id: UUID, code: str, model: str, at: datetime) -> Agreement:
    """The terms that go with a partner's way of working."""
    everything = entity.wholesale or model == PartnerModel.B2B_CONTRACTOR
    waived = model == PartnerModel.LEAD_TRANSFER
    return Agreement(
        id=draw.id(at),
        entity_id=entity.id,
        organization_id=partner_id,
        default_payer=(PayerProposal.PARTNER if everything else PayerProposal.CUSTOMER).value,
        payer_by_category={} if entity.wholesale else _PAYS[PartnerModel(model)],
        partner_signs=model != PartnerModel.AUTOMOTIVE or draw.uniform() > 0.15,
        partner_without_lines=(PartnerWithoutLines.WAIVE if waived else PartnerWithoutLines.ACKNOWLEDGE).value,
        quote_valid_days=_VALID_DAYS.get(code),
        payment_terms_days=30 if everything else None,
        terms={},
    )


def write(rows: Rows, agreement: Agreement, at: datetime) -> None:
    values = {column: getattr(agreement, column) for column in _COLUMNS}
    rows.add("agreement", **values, valid=Range(at, None), created_at=at, updated_at=at)


def policy_of(agreement: Agreement | None) -> Policy:
    """What the agreement says of signing."""
    if agreement is None:
        return Policy()
    return Policy(agreement.id, agreement.partner_signs, PartnerWithoutLines(agreement.partner_without_lines))


def acts(agreement: Agreement | None) -> bool:
    """Whether the partner has to act on a quote: all whose agreement waives it pay nothing."""
    policy = policy_of(agreement)
    return policy.partner_signs and policy.partner_without_lines is not PartnerWithoutLines.WAIVE
