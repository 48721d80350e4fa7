"""Who must agree to a quote, and why (Decision 6).

- Who pays a line signs. The partner is excused where its agreement says that it does not sign.
- A customer without lines acknowledges: the work is done at its address.
- A partner without lines acknowledges, or is waived where its agreement says so.
- A customer without lines is waived where the partner ordered for it, by an agreement that makes orders of its orders.
- Where all would be waived, the customer acknowledges: nothing becomes an order that nobody agreed to. What a partner
  ordered itself is agreed to by its order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.agreements.models import PartnerWithoutLines
from domain.money import Totals
from domain.quotes.models import PartyRole, Requirement
from domain.quotes.offer import Line, Party
from domain.quotes.pricing import columns_of


@dataclass(frozen=True, slots=True)
class Policy:
    """What the agreement with the partner says; the defaults hold where there is none."""

    agreement_id: UUID | None = None
    partner_signs: bool = True
    partner_without_lines: PartnerWithoutLines = PartnerWithoutLines.ACKNOWLEDGE
    ordered_by_partner: bool = False
    """The partner's own order is behind it, and its agreement makes an order of that."""

    def because(self, rule: str) -> str:
        """The rule with the agreement that sets it, for the record."""
        return f"{rule} (agreement {self.agreement_id})" if self.agreement_id else rule


@dataclass(frozen=True, slots=True)
class Roles:
    """The customer, the partner whose account it is on, and the chain of each organization that may be a party."""

    customer_id: UUID
    partner_id: UUID | None = None
    chains: Mapping[UUID, Sequence[UUID]] = field(default_factory=dict)

    def of(self, contact_id: UUID) -> PartyRole:
        """A partner that buys for itself is one party: the partner."""
        if contact_id == self.partner_id:
            return PartyRole.PARTNER
        return PartyRole.CUSTOMER if contact_id == self.customer_id else PartyRole.PAYER

    def chain(self, contact_id: UUID) -> list[UUID]:
        return list(self.chains.get(contact_id, ()))


def parties(lines: Sequence[Line], totals: Mapping[UUID, Totals], roles: Roles, policy: Policy) -> list[Party]:
    """All parties with their totals and what is asked of each; customer first, then partner, then other payers."""
    paying = list(dict.fromkeys(line.payer_contact_id for line in lines))
    present = [roles.customer_id, *([roles.partner_id] if roles.partner_id else []), *paying]
    found = [_party(contact_id, totals.get(contact_id), roles, policy) for contact_id in dict.fromkeys(present)]
    if not policy.ordered_by_partner and all(party.requirement is Requirement.WAIVED for party in found):
        found[0].requirement, found[0].requirement_reason = Requirement.ACKNOWLEDGE, "somebody has to agree"
    return sorted(found, key=lambda party: (list(PartyRole).index(party.role), party.contact_id))


def _party(contact_id: UUID, totals: Totals | None, roles: Roles, policy: Policy) -> Party:
    role = roles.of(contact_id)
    itself = contact_id == roles.customer_id
    requirement, reason = _asked(role, itself, totals is not None, policy)
    return Party(
        role=role,
        contact_id=contact_id,
        payer_chain_ids=roles.chain(contact_id),
        requirement=requirement,
        requirement_reason=reason,
        **(columns_of(totals) if totals else {}),
    )


def _asked(role: PartyRole, customer: bool, pays: bool, policy: Policy) -> tuple[Requirement, str]:
    if role is PartyRole.PARTNER and not customer:
        return _asked_of_partner(pays, policy)
    if pays:
        return Requirement.SIGN, "who pays lines signs"
    if policy.ordered_by_partner and role is PartyRole.CUSTOMER:
        return Requirement.WAIVED, policy.because("the partner orders for its customers")
    return Requirement.ACKNOWLEDGE, "a customer without lines acknowledges"


def _asked_of_partner(pays: bool, policy: Policy) -> tuple[Requirement, str]:
    if not policy.partner_signs:
        return Requirement.WAIVED, policy.because("the partner does not sign quotes")
    if pays:
        return Requirement.SIGN, "who pays lines signs"
    if policy.partner_without_lines is PartnerWithoutLines.WAIVE:
        return Requirement.WAIVED, policy.because("a partner without lines is waived")
    return Requirement.ACKNOWLEDGE, policy.because("a partner without lines acknowledges")
