"""The figures of all partners of an entity over one span, in one statement.

A partner's figures are of its own account and of all below it, as the tree is now. By span:

orders             orders that were placed
orders_before      orders placed in the span before, in as much of it as has passed of this one
cancelled          of `orders`, those that are cancelled
valued, value      of `orders`, those that are not, and their net amount without VAT
completed          orders whose work was completed, with the seconds from placing to that
quotes_sent        quotes first sent in the span: the cohort of Decision 5
quotes_ordered     of these, those that have an order by now
quote_orders       the orders of these; a wholesale quote can have many
visits_due         visits on a day of the span that has passed, those of today that are done, none that is cancelled
visits_done        of these, those whose outcome is COMPLETED
visits_finished    visits finished in the span, follow-ups left out
visits_right       of these, those whose outcome is COMPLETED
ratings            end customers of `orders` whose satisfaction is recorded with the entity (1 to 5), and its sum
received           orders that came by one of the ways in; `repeated`: how often they came again
clean              of `received`, those with which nobody had to do anything
exceptions         exceptions that were opened, also of what did not become an order
requests           requests at our endpoints; `refused`: answered 4xx, `errors`: answered 5xx; and their durations
deliveries         webhooks that arrived or were given up; `deliveries_failed`: given up. Tests are left out
tickets            tickets that were opened
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.numbering.service import AMSTERDAM
from domain.partner_management.spans import Span
from domain.request_log.histogram import CLASSES

FIGURES = (
    "orders",
    "orders_before",
    "cancelled",
    "valued",
    "value_cents",
    "completed",
    "completion_seconds",
    "quotes_sent",
    "quotes_ordered",
    "quote_orders",
    "visits_due",
    "visits_done",
    "visits_finished",
    "visits_right",
    "ratings",
    "rating_sum",
    "received",
    "clean",
    "repeated",
    "exceptions",
    "requests",
    "refused",
    "errors",
    "deliveries",
    "deliveries_failed",
    "tickets",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one partner."""

    organization_id: UUID
    figures: Mapping[str, Any]
    histogram: tuple[int, ...] = field(default=(0,) * CLASSES)
    """Requests by duration."""
    slowest: int = 0
    """Milliseconds."""


async def measure(session: AsyncSession, entity_id: UUID, span: Span, now: datetime) -> list[Measured]:
    """All partners with anything in the span or the one before; in a session of the system."""
    values = {
        "entity": entity_id,
        "first": span.first,
        "after": span.after,
        "before_first": span.before.first,
        "before_until": span.compared_until(now),
        "first_day": span.starts_on,
        "after_day": span.ends_on,
        "today": now.astimezone(AMSTERDAM).date(),
    }
    rows = (await session.execute(_MEASURE, values)).mappings()
    return [
        Measured(
            row["organization_id"],
            {name: row[name] for name in FIGURES},
            tuple(int(row[name]) for name in _CELLS),
            int(row["slowest"]),
        )
        for row in rows
    ]


def _facts(source: str, *figures: str) -> str:
    """The columns of an aggregated source as rows (account, figure, value)."""
    values = ", ".join(f"('{name}', s.{name}::numeric)" for name in figures)
    return (
        f"SELECT s.account, f.figure, f.value FROM ({source}) s "  # noqa: S608  # constants alone
        f"CROSS JOIN LATERAL (VALUES {values}) f (figure, value)"
    )


_ORDERS = """
  SELECT o.account_contact_id AS account, count(*) AS orders,
    count(*) FILTER (WHERE o.stage = 'CANCELLED') AS cancelled,
    count(*) FILTER (WHERE o.stage <> 'CANCELLED') AS valued,
    sum(n.cents) FILTER (WHERE o.stage <> 'CANCELLED') AS value_cents,
    count(r.satisfaction) AS ratings, sum(r.satisfaction) AS rating_sum
  FROM "order" o
  LEFT JOIN LATERAL (SELECT sum(i.net_cents) AS cents FROM line_item i
    WHERE i.quote_version_id = o.quote_version_id) n ON true
  LEFT JOIN contact_relation r ON r.contact_id = o.end_customer_contact_id AND r.entity_id = o.entity_id
  WHERE o.entity_id = :entity AND o.created_at >= :first AND o.created_at < :after
    AND o.account_contact_id IS NOT NULL
  GROUP BY 1"""
_BEFORE = """
  SELECT o.account_contact_id AS account, count(*) AS orders_before FROM "order" o
  WHERE o.entity_id = :entity AND o.created_at >= :before_first AND o.created_at < :before_until
    AND o.account_contact_id IS NOT NULL
  GROUP BY 1"""
_COMPLETED = """
  SELECT o.account_contact_id AS account, count(*) AS completed,
    sum(extract(epoch FROM o.completed_at - o.created_at)::bigint) AS completion_seconds
  FROM "order" o
  WHERE o.entity_id = :entity AND o.completed_at >= :first AND o.completed_at < :after
    AND o.account_contact_id IS NOT NULL
  GROUP BY 1"""
_QUOTES = """
  SELECT q.account_contact_id AS account, count(*) AS quotes_sent, count(*) FILTER (WHERE n.many > 0) AS quotes_ordered,
    sum(n.many) AS quote_orders
  FROM quote q
  CROSS JOIN LATERAL (SELECT count(*) AS many FROM "order" o WHERE o.quote_id = q.id) n
  WHERE q.entity_id = :entity AND q.sent_at >= :first AND q.sent_at < :after AND q.account_contact_id IS NOT NULL
  GROUP BY 1"""
_DUE = """
  SELECT o.account_contact_id AS account, count(*) AS visits_due,
    count(*) FILTER (WHERE v.outcome = 'COMPLETED') AS visits_done
  FROM visit v JOIN "order" o ON o.id = v.order_id
  WHERE v.entity_id = :entity AND v.day >= :first_day AND v.day < :after_day AND v.status <> 'CANCELLED'
    AND (v.day < :today OR (v.day = :today AND v.status = 'DONE')) AND o.account_contact_id IS NOT NULL
  GROUP BY 1"""
_FINISHED = """
  SELECT o.account_contact_id AS account, count(*) AS visits_finished,
    count(*) FILTER (WHERE v.outcome = 'COMPLETED') AS visits_right
  FROM visit v JOIN "order" o ON o.id = v.order_id
  WHERE v.entity_id = :entity AND v.finished_at >= :first AND v.finished_at < :after AND v.status = 'DONE'
    AND v.follow_up_of_id IS NULL AND o.account_contact_id IS NOT NULL
  GROUP BY 1"""
_RECEIVED = """
  SELECT p.organization_id AS account, count(*) AS received, sum(p.repeated) AS repeated,
    count(*) FILTER (WHERE NOT EXISTS (
      SELECT 1 FROM partner_order_exception e WHERE e.partner_order_fk = p.id)) AS clean
  FROM partner_order p
  WHERE p.entity_id = :entity AND p.received_at >= :first AND p.received_at < :after
  GROUP BY 1"""
_EXCEPTIONS = """
  SELECT e.organization_id AS account, count(*) AS exceptions FROM partner_order_exception e
  WHERE e.entity_id = :entity AND e.created_at >= :first AND e.created_at < :after
  GROUP BY 1"""
_CELLS = tuple(f"cell_{cell}" for cell in range(CLASSES))
_SUMS = ", ".join(f"sum(h.histogram[{place}]) AS {name}" for place, name in enumerate(_CELLS, start=1))
_REQUESTS = f"""
  SELECT h.organization_id AS account, sum(h.requests) AS requests, sum(h.refused) AS refused,
    sum(h.errors) AS errors, max(h.slowest) AS slowest, {_SUMS}
  FROM request_hour h
  WHERE h.entity_id = :entity AND h.hour >= :first AND h.hour < :after AND NOT h.sandbox
    AND h.organization_id IS NOT NULL
  GROUP BY 1"""  # noqa: S608  # constants alone
_DELIVERIES = """
  SELECT d.organization_id AS account, count(*) AS deliveries,
    count(*) FILTER (WHERE d.state = 'FAILED') AS deliveries_failed
  FROM webhook_delivery d
  WHERE d.entity_id = :entity AND d.created_at >= :first AND d.created_at < :after AND NOT d.test
    AND d.state IN ('DELIVERED', 'FAILED') AND d.organization_id IS NOT NULL
  GROUP BY 1"""
_TICKETS = """
  SELECT t.organization_id AS account, count(*) AS tickets FROM partner_ticket t
  WHERE t.entity_id = :entity AND t.created_at >= :first AND t.created_at < :after
  GROUP BY 1"""
_SOURCES = (
    _facts(_ORDERS, "orders", "cancelled", "valued", "value_cents", "ratings", "rating_sum"),
    _facts(_BEFORE, "orders_before"),
    _facts(_COMPLETED, "completed", "completion_seconds"),
    _facts(_QUOTES, "quotes_sent", "quotes_ordered", "quote_orders"),
    _facts(_DUE, "visits_due", "visits_done"),
    _facts(_FINISHED, "visits_finished", "visits_right"),
    _facts(_RECEIVED, "received", "repeated", "clean"),
    _facts(_EXCEPTIONS, "exceptions"),
    _facts(_REQUESTS, "requests", "refused", "errors", "slowest", *_CELLS),
    _facts(_DELIVERIES, "deliveries", "deliveries_failed"),
    _facts(_TICKETS, "tickets"),
)
_PIVOT = ",\n  ".join(
    f"coalesce(sum(f.value) FILTER (WHERE f.figure = '{name}'), 0) AS {name}" for name in (*FIGURES, *_CELLS)
)
_MEASURE = text(f"""
WITH fact AS MATERIALIZED ({" UNION ALL ".join(_SOURCES)}),
above AS MATERIALIZED (
  SELECT named.id AS account, o.id AS organization_id
  FROM (SELECT DISTINCT account FROM fact) a
  JOIN contact named ON named.id = a.account
  JOIN contact kept ON kept.id = coalesce(named.merged_into_id, named.id)
  CROSS JOIN LATERAL unnest(
    CASE WHEN kept.chain_organization_ids = '{{}}' THEN ARRAY[kept.id] ELSE kept.chain_organization_ids END) o (id)
  WHERE kept.contact_type = 'ORGANIZATION')
SELECT above.organization_id,
  coalesce(max(f.value) FILTER (WHERE f.figure = 'slowest'), 0) AS slowest,
  {_PIVOT}
FROM fact f JOIN above USING (account)
GROUP BY above.organization_id
""")  # noqa: S608  # constants alone
