"""The platform's own page as a provider: keeps payments in a table of its own, moves no money.

It stands in where an entity has no account with a provider, so that everything behind a payment can be tried out.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.money import Money
from domain.numbering.service import AMSTERDAM
from domain.payments.models import AttemptStatus, LocalPayment, PaymentAttempt, PaymentMethod
from domain.payments.providers.port import Asked, Begun, Order, PaymentState, ProviderRefusal, RefundState
from tenants.actor import SYSTEM
from tenants.engine import Database

PREFIX = "local_"


def provider_id(attempt_id: UUID) -> str:
    """The id of a payment at the local provider."""
    return f"{PREFIX}{attempt_id.hex}"


class Local:
    """Speaks the port over the table `local_payment`; each call is a transaction of its own, as over a network."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, order: Order) -> Begun:
        async with self._database.session(SYSTEM) as session:
            entity_id = (
                await session.execute(select(PaymentAttempt.entity_id).where(PaymentAttempt.id == order.reference))
            ).scalar_one()
            made = insert(LocalPayment).values(
                entity_id=entity_id,
                attempt_id=order.reference,
                amount_cents=order.amount.cents,
                currency=order.amount.currency,
                return_url=order.return_url,
            )
            await session.execute(made.on_conflict_do_nothing(index_elements=["attempt_id"]))
        return Begun(provider_id(order.reference), f"{order.cancel_url}/test/{order.reference.hex}")

    async def state(self, asked: Asked) -> PaymentState:
        async with self._database.session(SYSTEM) as session:
            query = select(LocalPayment).where(LocalPayment.attempt_id == asked.reference)
            row = (await session.execute(query)).scalar_one_or_none()
        if row is None:
            raise ProviderRefusal(404, "no such payment")
        return PaymentState(
            provider_id=provider_id(asked.reference),
            reference=asked.reference,
            status=AttemptStatus(row.status),
            amount=Money(row.amount_cents, row.currency),
            live=False,
            method=PaymentMethod(row.method) if row.method else PaymentMethod.OTHER,
            paid_on=row.updated_at.astimezone(AMSTERDAM).date(),
            refunds=[_refund(row, UUID(key)) for key in row.refunds],
        )

    async def refund(self, asked: Asked, reference: UUID, amount: Money, reason: str) -> RefundState:
        async with self._database.session(SYSTEM) as session:
            query = select(LocalPayment).where(LocalPayment.attempt_id == asked.reference).with_for_update()
            row = (await session.execute(query)).scalar_one_or_none()
            if row is None or row.status != AttemptStatus.PAID or amount.currency != row.currency:
                raise ProviderRefusal(422, "the payment cannot be refunded")
            if str(reference) not in row.refunds:
                if sum(row.refunds.values()) + amount.cents > row.amount_cents:
                    raise ProviderRefusal(422, "the amount is higher than what is left")
                row.refunds = {**row.refunds, str(reference): amount.cents}
            return _refund(row, reference)

    async def close(self) -> None:
        return None


def _refund(row: LocalPayment, reference: UUID) -> RefundState:
    amount = Money(row.refunds[str(reference)], row.currency)
    return RefundState(f"{PREFIX}re_{reference.hex}", amount, True, reference)
