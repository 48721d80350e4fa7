"""What every provider is asked and answers. What it says of money is fetched from it, never taken from a webhook."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from domain.money import Money
from domain.payments.models import AttemptStatus, PaymentMethod


class ProviderUnreachable(Exception):
    """No answer that says what became of it: asking again with the same key is safe. `after`: seconds it asks for."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class ProviderRefusal(Exception):
    """It will not do that, whenever it is asked. The detail is the provider's own, shortened."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"HTTP {status}: {detail}")
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Order:
    """A payment to be made. `reference` is our attempt: the Idempotency-Key, and what the provider keeps of it."""

    reference: UUID
    amount: Money
    description: str
    return_url: str
    cancel_url: str
    webhook_url: str | None
    """None where the provider could not reach us."""
    language: str = "nl"


@dataclass(frozen=True, slots=True)
class Begun:
    """The provider has the payment, and a page for it."""

    provider_id: str
    checkout_url: str


@dataclass(frozen=True, slots=True)
class Asked:
    """By which ids a provider finds a payment again."""

    reference: UUID
    provider_id: str
    intent_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefundState:
    """A refund as the provider has it; `done` None while it is under way, False where it failed."""

    provider_id: str
    amount: Money
    done: bool | None
    reference: UUID | None = None
    """Our refund; none where it was made in the provider's own portal."""


@dataclass(frozen=True, slots=True)
class ChargebackState:
    provider_id: str
    amount: Money
    on: date
    withdrawn: bool = False
    """Whether the money is ours again."""


@dataclass(frozen=True, slots=True)
class PaymentState:
    """A payment as the provider has it."""

    provider_id: str
    reference: UUID | None
    status: AttemptStatus
    amount: Money
    live: bool
    method: PaymentMethod = PaymentMethod.OTHER
    paid_on: date | None = None
    intent_id: str | None = None
    fee: Money | None = None
    refunds: Sequence[RefundState] = ()
    all_refunds: bool = False
    """Whether the provider has no other refunds of it than these."""
    chargebacks: Sequence[ChargebackState] = ()


class Gateway(Protocol):
    """Raises: ProviderUnreachable, ProviderRefusal."""

    async def begin(self, order: Order) -> Begun:
        """Have a payment made; the same reference again is the same payment."""

    async def state(self, asked: Asked) -> PaymentState:
        """What became of a payment."""

    async def refund(self, asked: Asked, reference: UUID, amount: Money, reason: str) -> RefundState:
        """Give money back; the same reference again is the same refund."""

    async def close(self) -> None:
        """Let go of connections."""
