"""Mollie and Stripe as they speak over HTTP, with what these tests need of them; each listens on this machine."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.payments.webhook_signatures import signature
from tests.factories import unique
from tests.serving import serving

MOLLIE_KEY = "live_" + "k" * 30
STRIPE_KEY = "sk_live_" + "k" * 30
STRIPE_SECRET = "whsec_" + "s" * 32  # of these tests
_NOW = "2026-11-20T12:00:00+00:00"


@dataclass
class _Provider:
    """What both have in common: a key, answers kept by Idempotency-Key, trouble on demand."""

    key: str
    url: str = ""
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path, headers."""
    trouble: list[Response] = field(default_factory=list)
    """What is answered before anything is done."""
    lost: int = 0
    """How many of the next answers to a POST get lost: the work is done, and the caller hears 502."""
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def serve(self, request: Request) -> Response:
        body = await request.body()
        self.requests.append((request.method, request.url.path, dict(request.headers)))
        if self.trouble:
            return self.trouble.pop(0)
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return self.refusal(401, "Missing authentication, or failed to authenticate")
        if request.method != "POST":
            return self.read(request)
        kept = request.headers["idempotency-key"]
        if kept not in self.kept:
            answer = self.write(request, body)
            if answer.status_code >= 300:
                return answer
            self.kept[kept] = orjson.loads(answer.body)
        if self.lost:
            self.lost -= 1
            return Response(status_code=502)
        return JSONResponse(self.kept[kept], 201)

    def posts(self, end: str = "") -> int:
        return sum(method == "POST" and path.endswith(end) for method, path, _ in self.requests)

    def refusal(self, status: int, detail: str) -> Response:
        raise NotImplementedError

    def read(self, request: Request) -> Response:
        raise NotImplementedError

    def write(self, request: Request, body: bytes) -> Response:
        raise NotImplementedError


@dataclass
class MollieServer(_Provider):
    """The Payments API v2."""

    key: str = MOLLIE_KEY
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    chargebacks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def refusal(self, status: int, detail: str) -> Response:
        return JSONResponse({"status": status, "title": "Refused", "detail": detail}, status)

    def read(self, request: Request) -> Response:
        id = request.path_params["id"]
        if id not in self.payments:
            return self.refusal(404, "No payment exists with token.")
        match request.path_params.get("part"):
            case None:
                return JSONResponse(self.payments[id])
            case part:
                rows = {"refunds": self.refunds, "chargebacks": self.chargebacks}[part].get(id, [])
                return JSONResponse({"count": len(rows), "_embedded": {part: rows}})

    def write(self, request: Request, body: bytes) -> Response:
        given = orjson.loads(body)
        Decimal(given["amount"]["value"])
        if "id" not in request.path_params:
            return self._made(given)
        return self._refunded(request.path_params["id"], given)

    def _made(self, given: dict[str, Any]) -> Response:
        id = unique("tr_")
        self.payments[id] = {
            "resource": "payment",
            "id": id,
            "mode": "live",
            "status": "open",
            "amount": given["amount"],
            "description": given["description"],
            "metadata": given["metadata"],
            "webhookUrl": given.get("webhookUrl"),
            "redirectUrl": given["redirectUrl"],
            "_links": {"checkout": {"href": f"{self.url}/checkout/{id}", "type": "text/html"}},
        }
        return JSONResponse(self.payments[id], 201)

    def _refunded(self, id: str, given: dict[str, Any]) -> Response:
        payment, rows = self.payments[id], self.refunds.setdefault(id, [])
        left = Decimal(payment["amount"]["value"]) - sum(Decimal(each["amount"]["value"]) for each in rows)
        if payment["status"] != "paid" or Decimal(given["amount"]["value"]) > left:
            return self.refusal(422, "The specified amount cannot be refunded.")
        rows.append({"id": unique("re_"), "status": "pending", "paymentId": id, **given})
        payment["amountRefunded"] = given["amount"]
        return JSONResponse(rows[-1], 201)

    def pay(self, id: str, value: str | None = None, currency: str = "EUR", status: str = "paid") -> None:
        payment = self.payments[id]
        amount = {"currency": currency, "value": value or payment["amount"]["value"]}
        payment |= {"status": status, "method": "ideal", "paidAt": _NOW, "amount": amount}

    def charge_back(self, id: str, value: str) -> None:
        amount = {"currency": "EUR", "value": value}
        self.payments[id]["amountChargedBack"] = amount
        self.chargebacks[id] = [{"id": f"chb_{id}", "amount": amount, "createdAt": _NOW, "reversedAt": None}]


@dataclass
class StripeServer(_Provider):
    """Checkout Sessions, refunds and disputes; bodies are forms."""

    key: str = STRIPE_KEY
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    disputes: list[dict[str, Any]] = field(default_factory=list)

    def refusal(self, status: int, detail: str) -> Response:
        return JSONResponse({"error": {"type": "invalid_request_error", "message": detail}}, status)

    def read(self, request: Request) -> Response:
        intent = request.query_params.get("payment_intent")
        match request.url.path.split("/")[2:]:
            case ["checkout", "sessions", id] if id in self.sessions:
                return JSONResponse(self.sessions[id])
            case ["refunds"]:
                return JSONResponse({"data": [each for each in self.refunds if each["payment_intent"] == intent]})
            case ["disputes"]:
                return JSONResponse({"data": [each for each in self.disputes if each["payment_intent"] == intent]})
        return self.refusal(404, "No such checkout.session")

    def write(self, request: Request, body: bytes) -> Response:
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        if request.url.path.endswith("/refunds"):
            amount = int(form["amount"])
            made = {
                "id": unique("re_"),
                "status": "succeeded",
                "amount": amount,
                "currency": "eur",
                "payment_intent": form["payment_intent"],
                "metadata": {"refund": form["metadata[refund]"]},
            }
            self.refunds.append(made)
            return JSONResponse(made)
        return JSONResponse(self._made(form))

    def _made(self, form: dict[str, str]) -> dict[str, Any]:
        id = unique("cs_live_")
        self.sessions[id] = {
            "id": id,
            "object": "checkout.session",
            "livemode": True,
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
            "currency": form["line_items[0][price_data][currency]"],
            "client_reference_id": form["client_reference_id"],
            "metadata": {"attempt": form["metadata[attempt]"]},
            "payment_intent": None,
            "url": f"{self.url}/c/pay/{id}",
        }
        return self.sessions[id]

    def pay(self, id: str, *, fee: int = 29) -> None:
        session = self.sessions[id]
        charge = {
            "id": f"ch_{id}",
            "created": int(time.time()),
            "amount_refunded": 0,
            "disputed": False,
            "payment_method_details": {"type": "card"},
            "balance_transaction": {"id": f"txn_{id}", "fee": fee, "currency": session["currency"]},
        }
        session |= {"status": "complete", "payment_status": "paid"}
        session["payment_intent"] = {
            "id": f"pi_{id}",
            "status": "succeeded",
            "amount_received": session["amount_total"],
            "currency": session["currency"],
            "latest_charge": charge,
        }

    def event(self, type: str, about: dict[str, Any], id: str = "evt_1", *, live: bool = True) -> bytes:
        body = {"id": id, "object": "event", "type": type, "livemode": live, "data": {"object": about}}
        return orjson.dumps(body)


def signed(body: bytes, *secrets: str, at: float | None = None) -> dict[str, str]:
    """The header that Stripe sends with a body."""
    stamp = str(int(at if at is not None else time.time()))
    given = ",".join(f"v1={signature(secret, stamp, body)}" for secret in secrets)
    return {"stripe-signature": f"t={stamp},{given},v0=ignored"}


@asynccontextmanager
async def mollie() -> AsyncIterator[MollieServer]:
    server = MollieServer()
    paths = ["/v2/payments", "/v2/payments/{id}", "/v2/payments/{id}/{part}"]
    async with _listening(server, server.serve, paths):
        yield server


@asynccontextmanager
async def stripe() -> AsyncIterator[StripeServer]:
    server = StripeServer()
    paths = ["/v1/checkout/sessions", "/v1/checkout/sessions/{id}", "/v1/refunds", "/v1/disputes"]
    async with _listening(server, server.serve, paths):
        yield server


@asynccontextmanager
async def _listening(server: _Provider, serve: Callable[..., Any], paths: list[str]) -> AsyncIterator[None]:
    app = Starlette(routes=[Route(path, serve, methods=["GET", "POST"]) for path in paths])
    async with serving(app) as url:
        server.url = url
        yield
