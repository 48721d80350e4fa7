"""Mollie's Payments API v2: https://docs.mollie.com/reference/payments-api

Amounts are text in whole units (`"12.34"`); an Idempotency-Key is kept for one hour; a webhook names the payment and
nothing else. Whether a refund exists is therefore looked up before one is made.
"""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

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
    ProviderUnreachable,
    RefundState,
)

URL = "https://api.mollie.com"
_STATUS = {
    "open": AttemptStatus.OPEN,
    "pending": AttemptStatus.PENDING,
    "authorized": AttemptStatus.PENDING,
    "paid": AttemptStatus.PAID,
    "failed": AttemptStatus.FAILED,
    "canceled": AttemptStatus.CANCELLED,
    "expired": AttemptStatus.EXPIRED,
}
_METHOD = {
    "ideal": PaymentMethod.IDEAL,
    "creditcard": PaymentMethod.CARD,
    "applepay": PaymentMethod.CARD,
    "googlepay": PaymentMethod.CARD,
    "bancontact": PaymentMethod.CARD,
    "banktransfer": PaymentMethod.BANK_TRANSFER,
    "directdebit": PaymentMethod.DIRECT_DEBIT,
}
_REFUND_DONE = {"refunded": True, "failed": False, "canceled": False}
_LOCALE = {"nl": "nl_NL", "en": "en_GB"}
_MOST = 250
_PAGE = {"limit": str(_MOST)}


class Mollie:
    """One account of an entity."""

    def __init__(self, url: str, key: str) -> None:
        self._caller = Caller(url or URL, {"authorization": f"Bearer {key}"})

    async def begin(self, order: Order) -> Begun:
        asked = {
            "amount": _written(order.amount),
            "description": order.description,
            "redirectUrl": order.return_url,
            "cancelUrl": order.cancel_url,
            "locale": _LOCALE[order.language],
            "metadata": {"attempt": str(order.reference)},
            **({"webhookUrl": order.webhook_url} if order.webhook_url else {}),
        }
        made = await self._caller.post("/v2/payments", str(order.reference), json=asked)
        return Begun(_text(made, "id"), _text(_part(_part(made, "_links"), "checkout"), "href"))

    async def state(self, asked: Asked) -> PaymentState:
        path = f"/v2/payments/{_segment(asked.provider_id)}"
        found = await self._caller.get(path)
        status = _status(found)
        # also where nothing is given back: a refund that was queued may have been cancelled
        refunds = await self._refunds(path) if status is AttemptStatus.PAID else []
        chargebacks = await self._chargebacks(path) if _given_back(found, "amountChargedBack") else []
        return PaymentState(
            provider_id=_text(found, "id"),
            reference=_reference(found, "attempt"),
            status=status,
            amount=_money(found, "amount"),
            live=found.get("mode") == "live",
            method=_METHOD.get(str(found.get("method")), PaymentMethod.OTHER),
            paid_on=_day(found.get("paidAt")),
            refunds=refunds,
            all_refunds=status is AttemptStatus.PAID and len(refunds) < _MOST,
            chargebacks=chargebacks,
        )

    async def refund(self, asked: Asked, reference: UUID, amount: Money, reason: str) -> RefundState:
        path = f"/v2/payments/{_segment(asked.provider_id)}"
        known = next((each for each in await self._refunds(path) if each.reference == reference), None)
        if known is not None:
            return known
        wanted = {"amount": _written(amount), "description": reason[:140], "metadata": {"refund": str(reference)}}
        return _refund(await self._caller.post(f"{path}/refunds", str(reference), json=wanted))

    async def close(self) -> None:
        await self._caller.close()

    async def _refunds(self, path: str) -> list[RefundState]:
        return [_refund(each) for each in _embedded(await self._caller.get(f"{path}/refunds", _PAGE), "refunds")]

    async def _chargebacks(self, path: str) -> list[ChargebackState]:
        found = _embedded(await self._caller.get(f"{path}/chargebacks", _PAGE), "chargebacks")
        return [
            ChargebackState(
                _text(each, "id"),
                _money(each, "amount"),
                _day(each.get("createdAt")) or datetime.now(AMSTERDAM).date(),
                withdrawn=bool(each.get("reversedAt")),
            )
            for each in found
        ]


def _refund(found: dict[str, Any]) -> RefundState:
    done = _REFUND_DONE.get(str(found.get("status")))
    return RefundState(_text(found, "id"), _money(found, "amount"), done, _reference(found, "refund"))


def _written(amount: Money) -> dict[str, str]:
    return {"currency": amount.currency, "value": f"{amount.amount}"}


def _money(found: dict[str, Any], name: str) -> Money:
    part = _part(found, name)
    try:
        return Money.from_amount(Decimal(_text(part, "value")), _text(part, "currency"))
    except (InvalidOperation, ValueError, DomainError) as error:
        raise ProviderUnreachable(f"{name} is no amount") from error


def _given_back(found: dict[str, Any], name: str) -> bool:
    return isinstance(found.get(name), dict) and bool(_money(found, name))


def _status(found: dict[str, Any]) -> AttemptStatus:
    status = _STATUS.get(str(found.get("status")))
    if status is None:
        raise ProviderUnreachable("a status that is not known")
    return status


def _reference(found: dict[str, Any], name: str) -> UUID | None:
    kept = found.get("metadata")
    try:
        return UUID(str(kept.get(name))) if isinstance(kept, dict) else None
    except ValueError:
        return None


def _day(value: object) -> date | None:
    try:
        moment = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(AMSTERDAM).date() if moment else None


def _embedded(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = _part(found, "_embedded").get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _part(found: dict[str, Any], name: str) -> dict[str, Any]:
    part = found.get(name)
    if not isinstance(part, dict):
        raise ProviderUnreachable(f"no {name} in the answer")
    return part


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderUnreachable(f"no {name} in the answer")
    return value


def _segment(id: str) -> str:
    """An id as it may stand in a path."""
    if not id.replace("_", "").isalnum() or not id.isascii():
        raise ProviderUnreachable("an id that cannot be one")
    return id
