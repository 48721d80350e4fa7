"""The arithmetic of commission, pure: from what was ordered, the tree and the terms to what each is due.

Decision 10: the base is the net amount without VAT of the commissionable lines; the root of the tree is level 1;
levels without a rate earn 0. Every share is rounded once, half up, by itself, so that who knows its own base and rate
can check its own cents. A cap of the order cuts all shares by largest remainder: they then add up to the cap exactly.
What is lost again (credited, written off, cancelled) takes its part of each share, computed from the whole loss so
far and never from its pieces: in whatever order things happen, the same cents remain.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from domain.agreements.commission_terms import KickbackPer, Reward, Terms
from domain.commissions.models import CommissionKind
from domain.money import CurrencyMismatch, Money, allocate, part_of, total


@dataclass(frozen=True, slots=True)
class Share:
    """What one beneficiary is due of one order; `uncut` is without the cap of the order, `rate` is percent."""

    kind: CommissionKind
    level: int
    beneficiary_id: UUID
    rate: Decimal | None
    base: Money
    uncut: Money
    amount: Money


def commission_base(terms: Terms, nets: Mapping[str, int], currency: str) -> Money:
    """Net amount without VAT of the lines whose category counts (cents by category); never below 0."""
    return Money(max(0, sum(cents for category, cents in nets.items() if terms.counts(category))), currency)


def at_rate(base: Money, rate: Decimal) -> Money:
    """base * rate / 100, rounded once."""
    return base.times(rate.scaleb(-2))


def rewarded(reward: Reward, base: Money) -> Money:
    """The fixed amount, or the percent of the base."""
    if reward.percent is not None:
        return at_rate(base, reward.percent)
    return Money(reward.amount_cents or 0, base.currency)


def capped(amounts: Sequence[Money], cap: Money | None) -> list[Money]:
    """The amounts; where they exceed the cap, cut in proportion so that they add up to it."""
    if cap is None or not amounts or total(amounts, amounts[0].currency) <= cap:
        return list(amounts)
    return allocate(cap, [amount.cents for amount in amounts])


def shares(terms: Terms, chain: Sequence[UUID], base: Money) -> list[Share]:
    """What an order earns everybody in its chain (root first); nothing where nothing commissionable was ordered.

    Everyone in the chain has a share, of 0 beyond the agreed levels, unless no levels are agreed at all.
    """
    if not base or not chain:
        return []
    if base.currency != terms.currency:
        raise CurrencyMismatch(left=base.currency, right=terms.currency)
    uncut = [*_of_levels(terms, chain, base), *_kickback(terms, chain, base)]
    cap = Money(terms.caps.order_cents, base.currency) if terms.caps.order_cents is not None else None
    cut = capped([share.uncut for share in uncut], cap)
    return [_cut(share, amount) for share, amount in zip(uncut, cut, strict=True)]


def _of_levels(terms: Terms, chain: Sequence[UUID], base: Money) -> list[Share]:
    if not terms.levels:
        return []
    return [_level(terms, level, beneficiary, base) for level, beneficiary in enumerate(chain, start=1)]


def _level(terms: Terms, level: int, beneficiary_id: UUID, base: Money) -> Share:
    rate = terms.rate(level)
    amount = at_rate(base, rate)
    return Share(CommissionKind.LEVEL, level, beneficiary_id, rate, base, amount, amount)


def _kickback(terms: Terms, chain: Sequence[UUID], base: Money) -> list[Share]:
    """To who brought the order: the account, last of the chain."""
    if terms.kickback is None or terms.kickback.per is not KickbackPer.ORDER:
        return []
    reward = terms.kickback.reward
    amount = rewarded(reward, base)
    return [Share(CommissionKind.KICKBACK, len(chain), chain[-1], reward.percent, base, amount, amount)]


def _cut(share: Share, amount: Money) -> Share:
    return Share(share.kind, share.level, share.beneficiary_id, share.rate, share.base, share.uncut, amount)


# --- what remains ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Billed:
    """What one invoice bills of the commissionable lines of an order, in cents without VAT."""

    net: int
    credited: int
    gross: int
    """Of the whole invoice, as are the others below; less what was credited."""
    written_off: int
    open: int

    @property
    def remaining(self) -> Fraction:
        """What is neither credited nor, in its share of the invoice, written off."""
        kept = Fraction(self.net - self.credited)
        if self.written_off <= 0:
            return kept
        return kept * max(0, self.gross - self.written_off) / self.gross if self.gross > 0 else Fraction(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order is: how much of its base is still to be rewarded, and whether that is paid."""

    remaining: int
    paid: bool


def standing(base: int, cancelled: bool, billed: Iterable[Billed]) -> Standing:
    """The order's base less what was lost of it. Billing again what was credited makes good for it.

    Of a cancelled order only what stays billed counts. Paid: all that remains is billed, and every invoice of it is
    settled.
    """
    invoices = list(billed)
    net = sum(invoice.net for invoice in invoices)
    kept = int(sum((invoice.remaining for invoice in invoices), Fraction(0)))
    lost = (net - kept) - max(0, net - base)
    remaining = min(kept, base) if cancelled else base - max(0, lost)
    remaining = max(0, min(base, remaining))
    settled = bool(invoices) and all(invoice.open <= 0 for invoice in invoices)
    return Standing(remaining, settled and kept >= remaining)


def due(agreed: Money, remaining: int, base: int) -> Money:
    """What is left of a share of which `remaining` of `base` cents are left."""
    return part_of(agreed, remaining, base)
