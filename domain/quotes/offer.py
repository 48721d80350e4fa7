"""The parts of an offer as plain data: what pricing, visits, parties and the sealed document work on."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.catalog.models import VisitKind
from domain.proofs.merkle import new_salt
from domain.quotes.models import PartyRole, PartyState, Requirement


@dataclass(slots=True, kw_only=True)
class Line:
    """One priced line. Amounts are cents in the currency of the offer; `quantity` has at most three decimals."""

    position: int
    article_id: UUID
    sku: str
    description: str
    category: str
    quantity: Decimal
    unit_price_cents: int
    vat_class: str
    vat_rate: Decimal
    net_cents: int
    vat_cents: int
    gross_cents: int
    payer_contact_id: UUID
    payer_role: PartyRole
    payer_chain_ids: list[UUID] = field(default_factory=list)
    technical_description: str = ""
    unit: str = "piece"
    discount_percent: Decimal = Decimal(0)
    unit_cost_cents: int = 0
    visit_position: int | None = None
    serial_required: bool = False
    skills: list[str] = field(default_factory=list)
    install_minutes: int = 0
    salt: bytes = field(default_factory=new_salt)


@dataclass(slots=True, kw_only=True)
class Party:
    """Somebody who pays lines or must agree, with the totals of its lines in cents."""

    role: PartyRole
    contact_id: UUID
    payer_chain_ids: list[UUID] = field(default_factory=list)
    requirement: Requirement
    requirement_reason: str
    net_cents: int = 0
    vat_cents: int = 0
    gross_cents: int = 0
    vat_breakdown: list[dict[str, Any]] = field(default_factory=list)
    salt: bytes = field(default_factory=new_salt)

    @property
    def state(self) -> PartyState:
        """The state before anybody has acted."""
        return PartyState.WAIVED if self.requirement is Requirement.WAIVED else PartyState.PENDING


@dataclass(slots=True, kw_only=True)
class PlannedVisit:
    """A visit that the lines call for."""

    position: int
    kind: VisitKind
    minutes: int
    skills: list[str] = field(default_factory=list)
    outdoor: bool = False
