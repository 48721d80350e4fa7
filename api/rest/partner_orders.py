"""Orders of partners over HTTP (N1): POST /partners/{partner_id}/orders, the partner document as the body."""

import hashlib
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.locating import locator_of
from api.openapi import SIGNED, described, header, path
from api.partner_requests import Caller, caller_of, require_json, retried
from api.refusals import refusing_in_full
from domain.agreements.enforcing import (
    CancellationsUsedUp,
    CancellationTooLate,
    TermsFieldRequired,
    TermsLimitReached,
    TermsTooManyLines,
)
from domain.errors import InvalidState, NotFound, OutOfRange, Required, TooLong, TooMany, WrongType
from domain.leads.submission import NotAName
from domain.orders.errors import WorkHasBegun
from domain.partner_orders import cancelling, errors, making, repeating
from domain.partner_orders.document import (
    LONGEST_ORDER_ID,
    InvalidDate,
    InvalidJson,
    OrderTooLarge,
    PartnerOrderDocument,
    object_of,
    parse,
)
from domain.partner_orders.models import Way
from domain.partner_orders.receipt import Receipt
from domain.partner_orders.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER
from domain.partner_orders.submit import Located, prepare, submit
from domain.validation import InvalidEmail, InvalidPhone, UnsafeText
from tenants.auth import clock


class IssueAnswer(BaseModel):
    """Something about the order that the partner should know."""

    code: str = Field(description="Stable code, such as UNMAPPED_SKU.")
    path: str = Field(description="JSON path in the document.")
    message: str = Field(description="In the language of the key.")


class Cancellation(BaseModel):
    """That an order is taken back."""

    reason: str = Field(description="Why; everybody who takes part reads it.", min_length=1, max_length=1000)


class CancelledAnswer(BaseModel):
    """The order, taken back."""

    order_id: str | None = Field(description="Number of the order, where there was one.")
    quote_id: str | None = Field(description="Number of the quote, where there was one.")
    partner_order_id: str = Field(description="The partner's own number.")
    status: str = Field(description="`cancelled`.")


class ReceiptAnswer(BaseModel):
    """That the order was taken in, and what it became."""

    order_id: str | None = Field(description="Number of the order; null while it is a quote or waits for us.")
    quote_id: str | None = Field(description="Number of the quote; null while none can be made.")
    partner_order_id: str = Field(description="The partner's own number.")
    status: str = Field(description="`received`.")
    estimated_processing_minutes: int = Field(description="How long processing takes.")
    repeated: bool = Field(description="Whether the number was known: then this is the first order.")
    issues: list[IssueAnswer] = Field(description="What is not as it should be; the order stands all the same.")


@refusing_in_full
async def submit_order(request: Request) -> Response:
    """201 with the receipt of a new order; 200 with that of the first where its number is known."""
    began = clock.now()
    caller = await caller_of(request)
    require_json(request)
    body = await caller.body(request)
    document = parse(body)
    located = await prepare(locator_of(caller.context), document)
    digest = hashlib.sha256(body).digest()
    return _answer(await retried(partial(_take, caller, document, located, digest, began)))


async def _take(
    caller: Caller, document: PartnerOrderDocument, located: Located, digest: bytes, began: datetime
) -> Receipt:
    async with caller.context.system() as session:
        return await submit(
            session,
            entity_id=caller.entity_id,
            organization_id=caller.organization.id,
            document=document,
            located=located,
            way=Way.API,
            by=caller.actor,
            body_sha256=digest,
            began=began,
        )


@refusing_in_full
async def cancel_order(request: Request) -> Response:
    """200 with the order as it is then."""
    caller = await caller_of(request)
    require_json(request)
    reason = _reason(await caller.body(request))
    number = request.path_params["partner_order_id"].strip()
    if len(number) > LONGEST_ORDER_ID or not number.isprintable():
        raise NotFound(field=("partner_order_id",))
    async with caller.context.system() as session:
        found = await repeating.known(session, caller.entity_id, caller.organization.id, number)
        if found is None:
            raise NotFound(field=("partner_order_id",))
        order = await cancelling.cancel(session, caller.actor, found.id, reason)
        made = await making.numbers(session, order)
        answer = CancelledAnswer(
            order_id=made.order,
            quote_id=made.quote,
            partner_order_id=order.partner_order_id,
            status=order.status.lower(),
        )
    return Response(answer.model_dump_json(), media_type="application/json")


def _reason(body: bytes) -> str:
    given = object_of(body)
    if not isinstance(given.get("reason"), str):
        raise Required(field=("reason",))
    return str(given["reason"])


def _answer(receipt: Receipt) -> Response:
    status = 200 if receipt.repeated else 201
    return Response(orjson.dumps(receipt.json()), status, media_type="application/json")


_EXAMPLE = {
    "partner_order_id": "GRO-123456",
    "customer": {
        "name": "Sanne de Vries",
        "email": "sanne@example.nl",
        "phone": "0612345678",
        "address": {"street": "Dorpsstraat", "house_number": "12", "postal_code": "3511 AB", "city": "Utrecht"},
    },
    "products": [{"partner_sku": "GRO-ALFEN-11", "quantity": 1, "description": "Alfen Eve Single 11 kW"}],
    "installation_preferences": {"preferred_date": "2026-12-01", "notes": "Parkeren achter het huis."},
    "partner_references": {"dealer_group_id": "DG-7", "purchase_order": "PO-2026-7", "customer_account": "K-4711"},
}
_RECEIVED = {
    "order_id": "CC-2026-00123",
    "quote_id": "CC-Q-2026-00456",
    "partner_order_id": "GRO-123456",
    "status": "received",
    "estimated_processing_minutes": 5,
    "repeated": False,
    "issues": [],
}
_RECEIVED_BACK = {
    "order_id": "CC-2026-00123",
    "quote_id": "CC-Q-2026-00456",
    "partner_order_id": "GRO-123456",
    "status": "cancelled",
}
CANCELLING = (CancellationTooLate, CancellationsUsedUp)
SIGNATURE_PARAMETERS = [
    header(
        TIMESTAMP_HEADER,
        "Seconds since 1970; at most five minutes from our clock. Required where the integration asks for signatures.",
        schema={"type": "string", "pattern": "^[0-9]{1,11}$"},
        example="1790000000",
    ),
    header(
        SIGNATURE_HEADER,
        "`v1=` and HMAC-SHA256 over timestamp, a full stop and the raw body, in hexadecimal digits.",
        example="v1=" + "0" * 64,
    ),
]
SIGNATURE_CODES = (
    errors.SignatureRequired,
    errors.SignatureMalformed,
    errors.SignatureExpired,
    errors.SignatureInvalid,
)
PARTNER = path("partner_id", "The partner's code or id.", example="groendus")

ROUTES: list[Any] = [
    described(
        Route("/partners/{partner_id}/orders", submit_order, methods=["POST"]),
        summary="Send an order.",
        tag="Orders",
        body=PartnerOrderDocument,
        responses={200: ReceiptAnswer, 201: ReceiptAnswer},
        codes={
            400: (InvalidJson, "BAD_ID"),
            401: SIGNATURE_CODES,
            403: (errors.AddressNotAllowed, errors.IntegrationNotLive, errors.NotAnOrderingPartner),
            404: (NotFound,),
            413: (OrderTooLarge, "BODY_TOO_LARGE"),
            415: ("UNSUPPORTED_MEDIA_TYPE",),
            422: (
                Required,
                WrongType,
                TooLong,
                TooMany,
                OutOfRange,
                UnsafeText,
                NotAName,
                InvalidEmail,
                InvalidPhone,
                InvalidDate,
                TermsFieldRequired,
                TermsTooManyLines,
            ),
            429: (TermsLimitReached,),
        },
        examples={"body": _EXAMPLE, 201: _RECEIVED, 200: _RECEIVED | {"repeated": True}},
        security=SIGNED,
        parameters=[PARTNER, *SIGNATURE_PARAMETERS],
        errors="errors",
        words=(
            "A second submission of the same `partner_order_id` answers 200 with the first order, also when both come "
            "at once. What cannot be used makes nothing: every fault is named at once, by JSON path."
        ),
    ),
    described(
        Route("/partners/{partner_id}/orders/{partner_order_id:path}/cancel", cancel_order, methods=["POST"]),
        summary="Take an order back.",
        tag="Orders",
        body=Cancellation,
        responses={200: CancelledAnswer},
        codes={
            400: (InvalidJson, "BAD_ID"),
            401: SIGNATURE_CODES,
            403: (errors.AddressNotAllowed,),
            404: (NotFound,),
            409: (errors.PartnerOrderCancelled,),
            413: (OrderTooLarge, "BODY_TOO_LARGE"),
            415: ("UNSUPPORTED_MEDIA_TYPE",),
            422: (Required, TooLong, UnsafeText, WrongType, InvalidState, WorkHasBegun, *CANCELLING),
        },
        examples={"body": {"reason": "De klant ziet ervan af."}, 200: _RECEIVED_BACK},
        security=SIGNED,
        parameters=[
            PARTNER,
            path("partner_order_id", "The partner's own number of the order.", example="GRO-123456"),
            *SIGNATURE_PARAMETERS,
        ],
        errors="errors",
        words="The quote is withdrawn, or the order cancelled: until work begins, and as was agreed.",
    ),
]
"""Bound in size by the server's limit for bodies (MAX_BODY_BYTES) and the document's (64 KiB)."""
