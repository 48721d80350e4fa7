"""What a partner's sandbox proves, check by check: each answers with evidence, or with None where there is none."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import plain
from domain.sandbox.checks import Profile
from domain.sandbox.models import PartnerSandbox

Evidence: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proving:
    """Where to look: what the twin did since the sandbox was emptied, and what its requests were."""

    session: AsyncSession
    sandbox: PartnerSandbox

    async def first(self, query: str) -> Evidence | None:
        """The first row as evidence, or nothing."""
        given = {
            "entity": self.sandbox.sandbox_entity_id,
            "twin": self.sandbox.sandbox_organization_id,
            "owner": self.sandbox.organization_id,
            "live": self.sandbox.entity_id,
            "since": self.sandbox.emptied_at,
        }
        statement = text(query)
        used = {name: value for name, value in given.items() if name in statement.compile().params}
        row = (await self.session.execute(statement, used)).mappings().first()
        return {name: plain(value) for name, value in row.items()} if row else None


_REQUESTS = "request_log WHERE organization_id = :owner AND entity_id = :live AND sandbox AND created_at >= :since"
_ORDERS = "partner_order WHERE entity_id = :entity AND organization_id = :twin"
_DELIVERIES = "webhook_delivery d WHERE d.entity_id = :entity AND d.organization_id = :twin AND NOT d.test"
_ATTEMPT = "EXISTS (SELECT 1 FROM webhook_attempt a WHERE a.delivery_id = d.id AND a.fault = '{}')"
_OF_MESSAGE = "'msg_' || replace(d.id::text, '-', '') AS webhook_id, d.event_type, d.attempts, d.delivered_at"


def _row(query: str) -> Callable[[Proving], Awaitable[Evidence | None]]:
    return lambda proving: proving.first(query)


def _arrived_after(fault: str) -> Callable[[Proving], Awaitable[Evidence | None]]:
    """A message that went wrong so, and arrived all the same."""
    return _row(
        f"SELECT {_OF_MESSAGE} FROM {_DELIVERIES} AND d.state = 'DELIVERED' AND d.fault = '{fault}' "  # noqa: S608  # constants
        f"AND {_ATTEMPT.format(fault, '')} ORDER BY d.delivered_at DESC LIMIT 1"
    )


def _of_event(condition: str) -> str:
    return (
        f"SELECT {_OF_MESSAGE} FROM {_DELIVERIES} AND d.state = 'DELIVERED' AND {condition} "  # noqa: S608  # constants
        "ORDER BY d.delivered_at DESC LIMIT 1"
    )


async def _cancellation(proving: Proving) -> Evidence | None:
    """By a message that arrived, by the partner's own cancelling, or by asking after it."""
    return (
        await proving.first(_of_event("d.event_type = 'order.cancelled'"))
        or await proving.first(
            f"SELECT partner_order_id, cancelled_at FROM {_ORDERS} AND status = 'CANCELLED' LIMIT 1"  # noqa: S608
        )
        or await proving.first(_POLLED_CANCELLED)
    )


_POLLED_CANCELLED = """
    SELECT o.number AS order_number, o.cancelled_at, r.request_id FROM "order" o
    JOIN request_log r ON r.organization_id = :owner AND r.entity_id = :live AND r.sandbox AND r.created_at >= :since
      AND r.created_at > o.cancelled_at AND r.status = 200 AND r.path = '/orders/' || o.partner_order_id || '/status'
    WHERE o.entity_id = :entity AND o.account_contact_id = :twin AND o.stage = 'CANCELLED' LIMIT 1
"""
_LOAD = f"""
    SELECT n AS orders, began FROM (
      SELECT received_at AS began, count(*) OVER (ORDER BY received_at
        RANGE BETWEEN CURRENT ROW AND INTERVAL '60 seconds' FOLLOWING) AS n FROM {_ORDERS}) w
    WHERE n >= 10 ORDER BY n DESC LIMIT 1
"""  # noqa: S608  # constants
_MENDED = f"""
    SELECT request_id, created_at AS refused_at FROM {_REQUESTS} AND status = 422 AND route LIKE '/partners/%'
      AND EXISTS (SELECT 1 FROM {_ORDERS} AND received_at > request_log.created_at) ORDER BY created_at DESC LIMIT 1
"""  # noqa: S608  # constants
_OUT_OF_ORDER = f"""
    SELECT {_OF_MESSAGE} FROM {_DELIVERIES} AND d.state = 'DELIVERED' AND d.fault = 'OUT_OF_ORDER' AND EXISTS (
      SELECT 1 FROM webhook_delivery later WHERE later.endpoint_id = d.endpoint_id AND later.subject_id = d.subject_id
      AND later.position > d.position AND later.delivered_at < d.delivered_at) ORDER BY d.delivered_at DESC LIMIT 1
"""  # noqa: S608  # constants
_FORGED = f"""
    SELECT {_OF_MESSAGE}, (SELECT a.status FROM webhook_attempt a
      WHERE a.delivery_id = d.id AND a.fault = 'BAD_SIGNATURE') AS answered
    FROM {_DELIVERIES} AND {_ATTEMPT.format("BAD_SIGNATURE")} ORDER BY d.created_at DESC LIMIT 1
"""  # noqa: S608  # constants


async def _signature_checked(proving: Proving) -> Evidence | None:
    """The last one counts: an endpoint that refuses everything did not accept the right one either."""
    found = await proving.first(_FORGED)
    refused = found and isinstance(found["answered"], int) and 400 <= found["answered"] < 500
    return found if found and refused and found["delivered_at"] else None


OF: dict[str, Callable[[Proving], Awaitable[Evidence | None]]] = {
    "ORDER_ACCEPTED": _row(
        f"SELECT partner_order_id, way, received_at FROM {_ORDERS} AND quote_id IS NOT NULL AND NOT EXISTS ("  # noqa: S608
        "SELECT 1 FROM jsonb_array_elements(issues) i WHERE i ->> 'code' IN ('UNMAPPED_SKU', 'NO_PRODUCTS')) "
        "ORDER BY received_at DESC LIMIT 1"
    ),
    "DUPLICATE_HANDLED": _row(
        f"SELECT partner_order_id, repeated, last_repeated_at FROM {_ORDERS} AND repeated > 0 "  # noqa: S608
        "ORDER BY last_repeated_at DESC LIMIT 1"
    ),
    "ERRORS_READ": _row(_MENDED),
    "SIGNATURE_RIGHT": _row(
        "SELECT hint AS secret_ends_with, last_used_at FROM partner_signing_secret WHERE entity_id = :entity "
        "AND organization_id = :twin AND last_used_at >= :since ORDER BY last_used_at DESC LIMIT 1"
    ),
    "BAD_SIGNATURE_REFUSED": _row(
        f"SELECT request_id, created_at AS at, status FROM {_REQUESTS} AND codes @> ARRAY['SIGNATURE_INVALID'] "  # noqa: S608
        "ORDER BY created_at DESC LIMIT 1"
    ),
    "UNMAPPED_SKU_SEEN": _row(
        f'SELECT partner_order_id, received_at FROM {_ORDERS} AND issues @> \'[{{"code": "UNMAPPED_SKU"}}]\' '  # noqa: S608
        "ORDER BY received_at DESC LIMIT 1"
    ),
    "STATUS_POLLED": _row(
        f"SELECT request_id, path, created_at AS at FROM {_REQUESTS} AND status IN (200, 304) "  # noqa: S608
        "AND route = '/orders/{partner_order_id}/status' ORDER BY created_at DESC LIMIT 1"
    ),
    "LOAD_CARRIED": _row(_LOAD),
    "WEBHOOK_ANSWERED": _row(_of_event("true")),
    "WEBHOOK_SIGNATURE_CHECKED": _signature_checked,
    "WEBHOOK_DUPLICATE": _arrived_after("DUPLICATE"),
    "WEBHOOK_OUT_OF_ORDER": _row(_OUT_OF_ORDER),
    "WEBHOOK_RETRIED": _arrived_after("SERVER_ERROR"),
    "WEBHOOK_ANSWER_LOST": _arrived_after("TIMEOUT"),
    "COMPLETION_SEEN": _row(
        _of_event(
            "d.event_type = 'order.stage_changed' AND EXISTS (SELECT 1 FROM \"order\" o WHERE o.id = d.subject_id "
            "AND o.stage = 'COMPLETED' AND o.completed_at <= d.delivered_at)"
        )
    ),
    "CANCELLATION_SEEN": _cancellation,
}

_PROFILE = """
    SELECT EXISTS (SELECT 1 FROM api_key WHERE entity_id = :entity AND organization_id = :twin
        AND revoked_at IS NULL) AS api,
      coalesce((SELECT signature_required FROM partner_integration WHERE entity_id = :entity
        AND organization_id = :twin), false) AS signing,
      EXISTS (SELECT 1 FROM webhook_endpoint WHERE entity_id = :entity AND organization_id = :twin
        AND deleted_at IS NULL AND state = 'ENABLED') AS webhook
"""


async def profile_of(session: AsyncSession, sandbox: PartnerSandbox) -> Profile:
    """How the partner works with its sandbox now."""
    found = await Proving(session, sandbox).first(_PROFILE)
    assert found is not None
    return Profile(**found)
