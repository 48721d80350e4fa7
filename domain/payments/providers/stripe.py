"""Stripe's Checkout Sessions, refunds and disputes: https://docs.stripe.com/api

Requests are forms, amounts whole minor units; the API version is pinned, so that an account's own setting changes
nothing. A session is expanded down to the balance transaction, which says what Stripe keeps.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision

from domain.errors import DomainError
from domain.money import Money
from domain.numbering.service import AMSTERDAM
from domain.payments.models import AttemptStatus, PaymentMethod
from domain.payments.providers.calling import Caller
from domain.payments.providers.port import (
    Asked,
    Begun,
    ChargebackState,
    Order,
    PaymentState,
    ProviderRefusal,
    ProviderUnreachable,
    RefundState,
)

URL = "https://api.stripe.com"
VERSION = "2025-09-30.clover"

SESSION_LIFE = timedelta(hours=2)
_METHOD = {
    "ideal": PaymentMethod.IDEAL,
    "card": PaymentMethod.CARD,
    "bancontact": PaymentMethod.CARD,
    "sepa_debit": PaymentMethod.DIRECT_DEBIT,
    "customer_balance": PaymentMethod.BANK_TRANSFER,
}
_REFUND_DONE = {"succeeded": True, "failed": False, "canceled": False}
_NO_MONEY_TAKEN = frozenset({"warning_needs_response", "warning_under_review", "warning_closed", "prevented"})
_MOST = 100
_EXPANDED = "payment_intent.latest_charge.balance_transaction"


class Stripe:
    """One account of an entity."""

    def __init__(self, url: str, key: str) -> None:
        self._caller = Caller(url or URL, {"authorization": f"Bearer {key}", "stripe-version": VERSION})

    async def begin(self, order: Order) -> Begun:
        if get_currency_precision(order.amount.currency) != 2:
            raise ProviderRefusal(422, f"amounts in {order.amount.currency} are not sent")
        reference = str(order.reference)
        price = "line_items[0][price_data]"
        form = {
            "mode": "payment",
            "client_reference_id": reference,
            "metadata[attempt]": reference,
            "payment_intent_data[metadata][attempt]": reference,
            "payment_intent_data[description]": order.description,
            "line_items[0][quantity]": "1",
            f"{price}[currency]": order.amount.currency.lower(),
            f"{price}[unit_amount]": str(order.amount.cents),
            f"{price}[product_data][name]": order.description,
            "success_url": order.return_url,
            "cancel_url": order.cancel_url,
            "locale": order.language,
            "expires_at": str(_expiry(order.reference)),
        }
        made = await self._caller.post("/v1/checkout/sessions", reference, form=form)
        return Begun(_text(made, "id"), _text(made, "url"))

    async def state(self, asked: Asked) -> PaymentState:
        path = f"/v1/checkout/sessions/{_segment(asked.provider_id)}"
        session = await self._caller.get(path, {"expand[]": _EXPANDED})
        intent = _object(session.get("payment_intent"))
        intent_id = str(intent["id"]) if intent.get("id") else None
        charge = _object(intent.get("latest_charge"))
        status = _status(session, intent)
        paid = intent_id is not None and status is AttemptStatus.PAID
        # also where nothing is given back: a refund that was under way may have been cancelled
        refunds = await self._refunds(intent_id) if intent_id and paid else []
        disputes = await self._disputes(intent_id) if intent_id and charge.get("disputed") else []
        return PaymentState(
            provider_id=_text(session, "id"),
            reference=_reference(session, "attempt"),
            status=status,
            amount=_paid(session, intent),
            live=session.get("livemode") is True,
            method=_method(charge),
            paid_on=_day(charge.get("created")),
            intent_id=intent_id,
            fee=_fee(charge),
            refunds=refunds,
            all_refunds=paid and len(refunds) < _MOST,
            chargebacks=disputes,
        )

    async def refund(self, asked: Asked, reference: UUID, amount: Money, reason: str) -> RefundState:
        intent = _segment(asked.intent_id or (await self.state(asked)).intent_id or "")
        known = next((each for each in await self._refunds(intent) if each.reference == reference), None)
        if known is not None:
            return known
        form = {
            "payment_intent": intent,
            "amount": str(amount.cents),
            "metadata[refund]": str(reference),
            "metadata[reason]": reason[:500],
        }
        return _refund(await self._caller.post("/v1/refunds", str(reference), form=form))

    async def close(self) -> None:
        await self._caller.close()

    async def _refunds(self, intent_id: str) -> list[RefundState]:
        found = await self._caller.get("/v1/refunds", {"payment_intent": intent_id, "limit": str(_MOST)})
        return [_refund(each) for each in _rows(found)]

    async def _disputes(self, intent_id: str) -> list[ChargebackState]:
        found = await self._caller.get("/v1/disputes", {"payment_intent": intent_id, "limit": "100"})
        return [
            ChargebackState(
                _text(each, "id"),
                _money(each.get("amount"), each.get("currency")),
                _day(each.get("created")) or datetime.now(AMSTERDAM).date(),
                withdrawn=each.get("status") == "won",
            )
            for each in _rows(found)
            if each.get("status") not in _NO_MONEY_TAKEN
        ]


def _expiry(reference: UUID) -> int:
    """The same for every request of one attempt: a key that comes with other parameters is refused. UUIDv7's time."""
    return (reference.int >> 80) // 1000 + int(SESSION_LIFE.total_seconds())


def _status(session: dict[str, Any], intent: dict[str, Any]) -> AttemptStatus:
    if session.get("payment_status") == "paid":
        return AttemptStatus.PAID
    match session.get("status"), intent.get("status"):
        case "expired", _:
            return AttemptStatus.EXPIRED
        case "complete", "processing":
            return AttemptStatus.PENDING
        case "complete", "canceled":
            return AttemptStatus.CANCELLED
        case "complete", _:
            return AttemptStatus.FAILED
        case "open", _:
            return AttemptStatus.OPEN
    raise ProviderUnreachable("a status that is not known")


def _paid(session: dict[str, Any], intent: dict[str, Any]) -> Money:
    """What was received where something was, else what is asked."""
    received = intent.get("amount_received")
    if isinstance(received, int) and received > 0:
        return _money(received, intent.get("currency"))
    return _money(session.get("amount_total"), session.get("currency"))


def _method(charge: dict[str, Any]) -> PaymentMethod:
    used = _object(charge.get("payment_method_details")).get("type")
    return _METHOD.get(str(used), PaymentMethod.OTHER)


def _fee(charge: dict[str, Any]) -> Money | None:
    """What Stripe keeps, where it settles in the currency that was paid."""
    balance = _object(charge.get("balance_transaction"))
    fee = balance.get("fee")
    return _money(fee, balance.get("currency")) if isinstance(fee, int) and fee > 0 else None


def _refund(found: dict[str, Any]) -> RefundState:
    done = _REFUND_DONE.get(str(found.get("status")))
    amount = _money(found.get("amount"), found.get("currency"))
    return RefundState(_text(found, "id"), amount, done, _reference(found, "refund"))


def _money(cents: object, currency: object) -> Money:
    """Stripe's minor units are ISO 4217's where the two digits agree; other currencies are refused, not guessed."""
    try:
        code = str(currency).upper()
        if type(cents) is not int or get_currency_precision(code) != 2:
            raise ValueError(code)
        return Money(cents, code)
    except (ValueError, DomainError) as error:
        raise ProviderUnreachable("no amount in the answer") from error


def _reference(found: dict[str, Any], name: str) -> UUID | None:
    try:
        return UUID(str(_object(found.get("metadata")).get(name)))
    except ValueError:
        return None


def _day(value: object) -> date | None:
    if type(value) is not int or not 0 < value < 1 << 40:
        return None
    return datetime.fromtimestamp(value, UTC).astimezone(AMSTERDAM).date()


def _rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    rows = found.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderUnreachable(f"no {name} in the answer")
    return value


def _segment(id: str) -> str:
    """An id as it may stand in a path or a form."""
    if not id.replace("_", "").isalnum() or not id.isascii():
        raise ProviderUnreachable("an id that cannot be one")
    return id
