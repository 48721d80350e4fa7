"""What a webhook tells of a partner's order itself: that it was received, needs attention, was taken back."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, null

_ABOUT = ("PartnerOrder", "PartnerOrderException")
STATUS = {
    "partner_order.received": "received",
    "partner_order.repeated": "received",
    "partner_order.quoted": "received",
    "partner_order.reopened": "received",
    "partner_order.address_flagged": "address_flagged",
    "partner_order.exception_opened": "needs_attention",
    "partner_order.exception_reopened": "needs_attention",
    "partner_order.exception_resolved": "attention_given",
    "partner_order.cancelled": "cancelled",
}
"""By type of event, in the words of the status update."""


def partner_order_id(event: Any) -> ColumnElement[Any]:
    """The partner's own number; NULL for events of other subjects."""
    return _said(event, "partner_order_id")


def order_number(event: Any) -> ColumnElement[Any]:
    """The number of the order that was made of it."""
    return _said(event, "order_number")


def status(event: Any) -> ColumnElement[Any]:
    """See STATUS; NULL for events of other types."""
    return case(STATUS, value=event.type, else_=cast(null(), Text))


def _said(event: Any, name: str) -> ColumnElement[Any]:
    return case((event.subject_type.in_(_ABOUT), event.payload[name].astext), else_=cast(null(), Text))
