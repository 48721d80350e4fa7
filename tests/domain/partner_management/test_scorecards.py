"""Figures of partners: each against one plain count over the tables, and what they say of a partner."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from domain.numbering.service import AMSTERDAM
from domain.orders import service as orders
from domain.partner_management import scorecards
from domain.partner_management.measuring import FIGURES
from domain.partner_management.models import PartnerScorecard, ScorePeriod
from domain.partner_management.scoring import SCALES, ScorePart, ranked, score
from domain.partner_management.spans import Span, latest, span_of
from domain.request_log.histogram import CLASSES
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.quoting import Market, market

MAY = Span(ScorePeriod.MONTH, date(2026, 5, 1))
IN_MAY, IN_APRIL = datetime(2026, 5, 13, 9, tzinfo=UTC), datetime(2026, 4, 2, 9, tzinfo=UTC)
LATER = datetime(2026, 7, 1, tzinfo=UTC)

ORACLE: dict[str, str] = {
    "orders": """SELECT count(*) FROM "order" o WHERE {whose} AND o.created_at >= :first AND o.created_at < :after""",
    "orders_before": """SELECT count(*) FROM "order" o WHERE {whose} AND o.created_at >= :before
        AND o.created_at < :first""",
    "cancelled": """SELECT count(*) FROM "order" o WHERE {whose} AND o.stage = 'CANCELLED' AND o.created_at >= :first
        AND o.created_at < :after""",
    "value_cents": """SELECT coalesce(sum(i.net_cents), 0) FROM "order" o JOIN line_item i USING (quote_version_id)
        WHERE {whose} AND o.stage <> 'CANCELLED' AND o.created_at >= :first AND o.created_at < :after""",
    "quotes_sent": "SELECT count(*) FROM quote o WHERE {whose} AND o.sent_at >= :first AND o.sent_at < :after",
    "quotes_ordered": """SELECT count(DISTINCT x.quote_id) FROM quote o JOIN "order" x ON x.quote_id = o.id
        WHERE {whose} AND o.sent_at >= :first AND o.sent_at < :after""",
    "visits_due": """SELECT count(*) FROM visit v JOIN "order" o ON o.id = v.order_id WHERE {whose}
        AND v.day BETWEEN '2026-05-01' AND '2026-05-31' AND v.status <> 'CANCELLED'""",
    "visits_done": """SELECT count(*) FROM visit v JOIN "order" o ON o.id = v.order_id WHERE {whose}
        AND v.day BETWEEN '2026-05-01' AND '2026-05-31' AND v.outcome = 'COMPLETED'""",
}
WHOSE = "o.entity_id = :entity AND o.account_contact_id = ANY (:accounts)"


@pytest.fixture
async def sold(database: Database) -> Market:
    """Of the dealer: in May two orders, one of which is cancelled, and a quote without one; in April one order."""
    made = await market(database)
    kept, off, before = [await made.ordered() for _ in range(3)]
    waiting = await made.quote()
    async with database.session(made.actors["staff"]) as session:
        await orders.cancel(session, off, "Double")
    async with database.session(SYSTEM) as session:
        for id, at in ((kept, IN_MAY), (off, IN_MAY), (before, IN_APRIL)):
            await session.execute(text('UPDATE "order" SET created_at = :at WHERE id = :id'), {"id": id, "at": at})
            await session.execute(
                text('UPDATE quote SET sent_at = :at WHERE id = (SELECT quote_id FROM "order" WHERE id = :id)'),
                {"id": id, "at": at},
            )
        await session.execute(text("UPDATE quote SET sent_at = :at WHERE id = :id"), {"id": waiting, "at": IN_MAY})
        await session.execute(
            text("UPDATE visit SET day = '2026-05-20', status = 'DONE', outcome = 'COMPLETED' WHERE order_id = :id"),
            {"id": kept},
        )
        await session.execute(
            text("UPDATE contact_relation SET satisfaction = 4.5 WHERE contact_id = :id"), {"id": made.customer.id}
        )
        await _sent(session, made)
    return made


async def _sent(session: Any, made: Market) -> None:
    """Two orders by a way in, one with an exception, and requests of an hour."""
    chain = [made.master.id, made.dealer.id]
    insert = text(
        "INSERT INTO partner_order (id, entity_id, organization_id, channel_organization_ids, partner_order_id, way, "
        "document, body_sha256, content_sha256, received_at, repeated) "
        "VALUES (:id, :entity, :organization, :chain, :number, 'API', '{}', '', '', :at, :repeated)"
    )
    of = {"entity": made.entity.id, "organization": made.dealer.id, "chain": chain, "at": IN_MAY}
    first, second = uuid4(), uuid4()
    await session.execute(insert, of | {"id": first, "number": "A", "repeated": 2})
    await session.execute(insert, of | {"id": second, "number": "B", "repeated": 0})
    await session.execute(
        text(
            "INSERT INTO partner_order_exception (entity_id, organization_id, channel_organization_ids, "
            "partner_order_fk, kind, message_nl, message_en, created_at) "
            "VALUES (:entity, :organization, :chain, :order, 'ADDRESS', 'x', 'x', :at)"
        ),
        of | {"order": second},
    )
    await session.execute(
        text(
            "INSERT INTO request_hour (hour, entity_id, organization_id, route, sandbox, requests, refused, errors, "
            "unlogged, milliseconds, slowest, histogram) SELECT :at, :entity, :organization, '/orders', sandbox, "
            "100, 7, 1, 0, 9000, 450, :cells FROM (VALUES (true), (false)) v (sandbox)"
        ),
        of | {"cells": [0, 0, 0, 90, 0, 0, 0, 10, *([0] * (CLASSES - 8))]},
    )


async def card(made: Market, organization_id: UUID) -> PartnerScorecard:
    async with made.database.session(SYSTEM) as session:
        query = select(PartnerScorecard).where(
            PartnerScorecard.organization_id == organization_id, PartnerScorecard.starts_on == MAY.starts_on
        )
        return (await session.execute(query)).scalar_one()


async def test_figures_agree_with_plain_counts_for_a_partner_and_for_who_is_above_it(sold: Market) -> None:
    async with sold.database.session(SYSTEM) as session:
        for _ in range(2):  # again changes nothing
            assert await scorecards.refresh(session, sold.entity.id, "EUR", MAY, LATER) == 2
    for organization in (sold.dealer, sold.master):
        found = await card(sold, organization.id)
        async with sold.database.session(SYSTEM) as session:
            for name, query in ORACLE.items():
                values = {
                    "entity": sold.entity.id,
                    "accounts": [sold.dealer.id, sold.master.id],
                    "first": MAY.first,
                    "after": MAY.after,
                    "before": MAY.before.first,
                }
                given = {key: value for key, value in values.items() if f":{key}" in query.format(whose=WHOSE)}
                expected = (await session.execute(text(query.format(whose=WHOSE)), given)).scalar_one()
                assert getattr(found, name) == expected, name
        assert (found.orders, found.cancelled, found.orders_before) == (2, 1, 1)
        assert (found.quotes_sent, found.quotes_ordered, found.visits_due, found.visits_done) == (3, 2, 1, 1)
        assert (found.received, found.clean, found.repeated, found.exceptions) == (2, 1, 2, 1)
        assert (found.requests, found.refused, found.errors) == (100, 7, 1)
        assert (found.ratings, found.rating_sum) == (2, Decimal("9.0"))
        assert 300 < (found.response_p95_ms or 0) <= 450


async def test_partners_read_their_own_figures_without_place_and_score(sold: Market) -> None:
    async with sold.database.session(SYSTEM) as session:
        await scorecards.refresh(session, sold.entity.id, "EUR", MAY, LATER)
    read = select(PartnerScorecard.organization_id).where(PartnerScorecard.starts_on == MAY.starts_on)
    async with sold.database.session(sold.actors["dealer"]) as session:
        assert list(await session.scalars(read)) == [sold.dealer.id]
    async with sold.database.session(sold.actors["master"]) as session:
        assert set(await session.scalars(read)) == {sold.dealer.id, sold.master.id}


@given(st.integers(0, 1000 * 24 * 60), st.sampled_from(ScorePeriod))
@settings(max_examples=80)
def test_spans_meet_and_hold_every_moment(minutes: int, period: ScorePeriod) -> None:
    moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    span = span_of(period, moment.astimezone(AMSTERDAM).date())
    assert span.first <= moment < span.after
    assert span.before.after == span.first
    assert span.before.first <= span.compared_until(moment) <= span.before.after
    assert latest(period, moment, 3) == [span, span.before, span.before.before]


def test_what_goes_on_is_compared_with_as_much_of_the_span_before() -> None:
    march = Span(ScorePeriod.MONTH, date(2026, 3, 1))
    noon = datetime(2026, 3, 10, 12, tzinfo=AMSTERDAM)
    assert march.compared_until(noon) == datetime(2026, 2, 10, 12, tzinfo=AMSTERDAM)
    assert march.compared_until(datetime(2026, 3, 30, 12, tzinfo=AMSTERDAM)) == march.first
    week = Span(ScorePeriod.WEEK, date(2026, 3, 30))  # the clock went forward on the 29th
    assert week.compared_until(week.first + timedelta(hours=9)) == datetime(2026, 3, 23, 9, tzinfo=AMSTERDAM)


def figures(**known: int) -> dict[str, Any]:
    return dict.fromkeys(FIGURES, 0) | known


def test_a_score_is_made_of_what_is_known() -> None:
    known = figures(
        quotes_sent=10, quotes_ordered=4, orders=10, cancelled=0, orders_before=10, received=10, clean=10, requests=0
    )
    found = score(known)
    assert [(part.part, part.points) for part in found.parts] == [
        (ScorePart.CONVERSION, 50),
        (ScorePart.KEPT, 100),
        (ScorePart.CLEAN, 100),
        (ScorePart.TREND, 50),
    ]
    assert found.points == round((50 * 25 + 100 * 20 + 100 * 20 + 50 * 15) / 80)
    assert score(figures(orders=4, quotes_sent=4)).points is None


@given(st.fixed_dictionaries({name: st.integers(0, 10_000) for name in FIGURES}))
@settings(max_examples=80)
def test_a_score_is_within_bounds_and_weighs_its_parts(any_figures: dict[str, int]) -> None:
    found = score(any_figures)
    assert found.points is None or 0 <= found.points <= 100
    assert all(0 <= part.points <= 100 and part.count >= SCALES[part.part].enough for part in found.parts)


def test_equals_share_a_place() -> None:
    a, b, c, d = (UUID(int=number) for number in range(4))
    assert ranked([(a, 80, 5), (b, 90, 1), (c, 80, 5), (d, None, 9)]) == {b: 1, a: 2, c: 2}
    assert ranked([(a, 80, 5), (b, 80, 6)]) == {b: 1, a: 2}
