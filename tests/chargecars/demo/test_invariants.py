"""Nothing in the demo differs from what the services would have written."""

from dataclasses import fields

import pytest

from domain.events.record import TYPES
from domain.numbering.service import next_number
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.chargecars.demo.rows import Connection, none_of

INVARIANTS = {
    "a quote is what its version in force says": (
        "SELECT q.id FROM quote q JOIN quote_version v ON v.quote_id = q.id AND v.number = q.current_version "
        "WHERE (q.sent_at, q.expires_at) IS DISTINCT FROM (v.sent_at, v.expires_at) OR v.superseded_at IS NOT NULL"
    ),
    "the parts of a version are sent with it": (
        "SELECT v.id FROM quote_version v JOIN (SELECT quote_version_id, sent_at FROM line_item UNION ALL "
        "SELECT quote_version_id, sent_at FROM quote_party UNION ALL SELECT quote_version_id, sent_at FROM quote_visit"
        ") part ON part.quote_version_id = v.id WHERE part.sent_at IS DISTINCT FROM v.sent_at"
    ),
    "pending parties of an open quote have not acted": (
        "SELECT q.id FROM quote q WHERE q.pending_parties IS DISTINCT FROM (CASE WHEN q.closed_at IS NULL THEN "
        "ARRAY(SELECT p.role FROM quote_party p JOIN quote_version v ON v.id = p.quote_version_id "
        "WHERE v.quote_id = q.id AND v.number = q.current_version AND p.state = 'PENDING' "
        "ORDER BY array_position(ARRAY['CUSTOMER', 'PARTNER', 'PAYER'], p.role)) ELSE '{}' END)"
    ),
    "a closed quote says when": (
        "SELECT id FROM quote WHERE (closed_at IS NULL) <> (status IN ('DRAFT', 'SENT', 'PARTIALLY_SIGNED'))"
    ),
    "an open quote can still be signed": (
        "SELECT id FROM quote WHERE status IN ('SENT', 'PARTIALLY_SIGNED') AND expires_at < now() + interval '5 days'"
    ),
    "an ordered quote was agreed to by all": (
        'SELECT o.id FROM "order" o JOIN quote_party p ON p.quote_version_id = o.quote_version_id '
        "WHERE p.state NOT IN ('SIGNED', 'WAIVED')"
    ),
    "the partner's order is in its channel": (
        'SELECT o.id FROM "order" o WHERE o.channel_organization_ids IS DISTINCT FROM ARRAY(SELECT DISTINCT '
        "unnest(c.chain_organization_ids || c.id) AS id FROM contact c WHERE c.contact_type = 'ORGANIZATION' AND "
        "(c.id = o.account_contact_id OR c.id IN (SELECT p.contact_id FROM quote_party p "
        "WHERE p.quote_version_id = o.quote_version_id)) ORDER BY id)"
    ),
    "an account's chain ends in the account": (
        'SELECT id FROM "order" WHERE account_chain_ids[cardinality(account_chain_ids)] '
        "IS DISTINCT FROM account_contact_id"
    ),
    "chargecars sells through partners": (
        "SELECT q.id FROM quote q JOIN business_entity e ON e.id = q.entity_id "
        "WHERE (e.code IN ('CC', 'ZS', 'RS')) <> (q.account_contact_id IS NOT NULL)"
    ),
    "only wholesale orders again": (
        'SELECT o.id FROM "order" o JOIN business_entity e ON e.id = o.entity_id '
        "WHERE o.sequence > 1 AND e.code NOT IN ('ZS', 'RS')"
    ),
    "an order has the visits of its version": (
        'SELECT o.id FROM "order" o LEFT JOIN LATERAL (SELECT array_agg((v.position, v.kind, v.minutes)::text '
        "ORDER BY v.position) AS made FROM visit v WHERE v.order_id = o.id) a ON true LEFT JOIN LATERAL (SELECT "
        "array_agg((v.position, v.kind, v.minutes)::text ORDER BY v.position) AS foreseen FROM quote_visit v "
        "WHERE v.quote_version_id = o.quote_version_id AND o.sequence = 1) b ON true "
        "WHERE made IS DISTINCT FROM foreseen"
    ),
    "an order's teams are its visits'": (
        'SELECT o.id FROM "order" o WHERE o.team_ids IS DISTINCT FROM ARRAY(SELECT DISTINCT v.team_id FROM visit v '
        "WHERE v.order_id = o.id AND v.team_id IS NOT NULL ORDER BY 1)"
    ),
    "a stage is the last milestone": (
        'SELECT o.id FROM "order" o WHERE o.stage <> (SELECT m.stage FROM order_milestone m WHERE m.order_id = o.id '
        "ORDER BY m.reached_at DESC, array_position(ARRAY['RECEIVED', 'PLANNING', 'SCHEDULED', 'IN_PROGRESS', "
        "'COMPLETED', 'CANCELLED'], m.stage) DESC LIMIT 1)"
    ),
    "completed orders have made their visits": (
        "SELECT v.id FROM visit v JOIN \"order\" o ON o.id = v.order_id WHERE o.stage = 'COMPLETED' "
        "AND v.status <> 'DONE' OR o.stage = 'CANCELLED' AND v.status <> 'CANCELLED'"
    ),
    "planned visits have a team, a day and a block": (
        "SELECT id FROM visit WHERE (team_id IS NULL) <> (status IN ('REQUIRED', 'CANCELLED')) "
        "OR (team_id IS NULL) <> (day IS NULL) OR (day IS NULL) <> (block IS NULL) OR extract(isodow FROM day) > 5"
    ),
    "a team makes at most three visits a day": (
        "SELECT team_id, day, count(*) FROM visit WHERE team_id IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 3"
    ),
    "a planned visit has its place and its time in the route of its team": (
        "SELECT id FROM (SELECT *, row_number() OVER (PARTITION BY team_id, day ORDER BY route_order) - 1 AS place, "
        "lag(ends_at) OVER (PARTITION BY team_id, day ORDER BY route_order) AS before FROM visit "
        "WHERE team_id IS NOT NULL) v WHERE route_order <> place OR starts_at IS NULL "
        "OR ends_at <> starts_at + make_interval(mins => minutes) "
        "OR (starts_at AT TIME ZONE 'Europe/Amsterdam')::date <> day "
        "OR (block = 'MORNING') <> (extract(hour FROM starts_at AT TIME ZONE 'Europe/Amsterdam') < 12) "
        "OR status IN ('PLANNED', 'EN_ROUTE', 'IN_PROGRESS') AND before > starts_at"
    ),
    "only visits ahead are promised, and what is asked for waits": (
        "SELECT id FROM visit WHERE promised_at IS NOT NULL AND (team_id IS NULL OR promised_at > now()) "
        "OR (material_on IS NOT NULL OR priority > 0) AND status <> 'REQUIRED'"
    ),
    "a visit is where its order is": (
        'SELECT v.id FROM visit v JOIN "order" o ON o.id = v.order_id JOIN address a ON a.id = o.service_address_id '
        "WHERE (v.latitude, v.longitude, v.pc4) IS DISTINCT FROM (a.latitude, a.longitude, left(a.postal_code, 4))"
    ),
    "a visit is outdoors where its version says so": (
        'SELECT v.id FROM visit v JOIN "order" o ON o.id = v.order_id JOIN quote_visit q '
        "ON q.quote_version_id = o.quote_version_id AND q.position = v.position WHERE q.outdoor <> v.outdoor"
    ),
    "no team is absent where it has visits": (
        "SELECT v.id FROM visit v JOIN absence a ON a.team_id = v.team_id AND a.days @> v.day"
    ),
    "every postcode is in a region, some in two": (
        "SELECT pc2 FROM (SELECT DISTINCT pc2 FROM address) p WHERE NOT EXISTS (SELECT 1 FROM region r "
        "WHERE EXISTS (SELECT 1 FROM unnest(r.postcode_prefixes) x (prefix) WHERE starts_with(p.pc2, x.prefix)))"
    ),
    "a lead is where its quotes are": (
        "SELECT l.id FROM lead l LEFT JOIN quote q ON q.lead_id = l.id WHERE l.status <> CASE "
        "WHEN q.status = 'ORDERED' THEN 'CONVERTED' WHEN q.status IN ('DRAFT', 'SENT', 'PARTIALLY_SIGNED') "
        "THEN 'QUOTED' ELSE l.status END OR (q.id IS NULL AND l.status IN ('QUOTED', 'CONVERTED')) "
        "OR q.end_customer_contact_id <> l.contact_id OR q.created_at < l.created_at "
        "OR q.account_contact_id IS DISTINCT FROM l.partner_organization_id AND q.id IS NOT NULL"
    ),
    "the score of a lead is explained": (
        "SELECT l.id FROM lead l WHERE l.score <> (SELECT sum((part->>'points')::int) "
        "FROM jsonb_array_elements(l.score_explanation) part)"
    ),
    "who is sent a quote is a prospect at least": (
        "SELECT q.id FROM quote q JOIN contact_relation r ON r.contact_id = q.end_customer_contact_id AND "
        "r.entity_id = q.entity_id WHERE q.sent_at IS NOT NULL AND r.lifecycle = 'LEAD' "
        "OR q.status = 'ORDERED' AND r.lifecycle <> 'CUSTOMER'"
    ),
    "a contact is seen by the entities it has a relation with": (
        "SELECT c.id FROM contact c WHERE c.entity_ids <> ARRAY(SELECT r.entity_id FROM contact_relation r "
        "WHERE r.contact_id = c.id ORDER BY 1)"
    ),
    "a person is seen by its partner, a customer by its bringer": (
        "SELECT c.id FROM contact c LEFT JOIN contact p ON p.id = c.parent_organization_id "
        "LEFT JOIN contact_relation r ON r.contact_id = c.id WHERE c.contact_type = 'PERSON' "
        "AND c.channel_organization_ids <> coalesce(p.chain_organization_ids, r.channel_organization_ids)"
    ),
    "an organization stands below its parent": (
        "SELECT c.id FROM contact c LEFT JOIN contact p ON p.id = c.parent_organization_id LEFT JOIN "
        "organization_parent t ON t.organization_id = c.id WHERE c.contact_type = 'ORGANIZATION' AND "
        "(c.chain_organization_ids <> coalesce(p.chain_organization_ids, '{}') || c.id "
        "OR t.parent_id IS DISTINCT FROM c.parent_organization_id OR lower(t.valid) < p.created_at)"
    ),
    "postcodes are stored without a space": "SELECT id FROM address WHERE postal_code !~ '^[1-9][0-9]{3}[A-Z]{2}$'",
    "nothing is from the future": (
        "SELECT created_at FROM (SELECT created_at FROM contact UNION ALL SELECT created_at FROM lead UNION ALL "
        "SELECT created_at FROM quote UNION ALL SELECT created_at FROM quote_version UNION ALL SELECT created_at FROM "
        'signature UNION ALL SELECT created_at FROM "order" UNION ALL SELECT created_at FROM event) t '
        "WHERE created_at > now()"
    ),
    "ids tell the time": (
        'SELECT id FROM (SELECT id, created_at FROM quote UNION ALL SELECT id, created_at FROM "order" UNION ALL '
        "SELECT id, created_at FROM event UNION ALL SELECT id, created_at FROM contact) t "
        "WHERE abs(EXTRACT(epoch FROM uuid_extract_timestamp(id) - created_at)) > 1"
    ),
    "events are numbered in order of time": (
        "SELECT event_id FROM (SELECT event_id, created_at, lag(created_at) OVER (ORDER BY position) AS before "
        "FROM event_position) t WHERE before > created_at"
    ),
    "every event has a position": (
        "SELECT id FROM event e WHERE NOT EXISTS (SELECT 1 FROM event_position p WHERE p.event_id = e.id)"
    ),
    "every event has its month": ("SELECT id FROM event_earlier UNION ALL SELECT id FROM event_later"),
}


@pytest.mark.parametrize("name", INVARIANTS)
async def test_nothing_is_as_no_service_would_leave_it(rows: Connection, name: str) -> None:
    await none_of(rows, INVARIANTS[name])


@pytest.mark.parametrize(
    ("table", "kind", "infix"), [("lead", "lead", "L-"), ("quote", "quote", "Q-"), ("order", "order", "")]
)
async def test_numbers_have_no_gap_and_go_on(
    rows: Connection, demo: Database, table: str, kind: str, infix: str
) -> None:
    series = await rows.fetch(
        "SELECT e.id, e.code, split_part(substr(t.number, length(e.code) + length($1) + 2), '-', 1)::int AS year, "
        f'array_agg(right(t.number, 5)::int ORDER BY t.created_at, t.number) AS numbers FROM "{table}" t '
        "JOIN business_entity e ON e.id = t.entity_id GROUP BY 1, 2, 3",
        infix,
    )
    counters = await rows.fetch("SELECT entity_id, year, last FROM counter WHERE kind = $1", kind)
    assert {(row["id"], row["year"]): len(row["numbers"]) for row in series} == {
        (row["entity_id"], row["year"]): row["last"] for row in counters
    }
    assert all(row["numbers"] == list(range(1, len(row["numbers"]) + 1)) for row in series)
    async with demo.session(SYSTEM) as session:
        number = await next_number(session, series[0]["id"], kind, infix=infix.rstrip("-"))
        assert not await rows.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE number = $1)', number)
        await session.rollback()


async def test_events_are_of_the_declared_types(rows: Connection) -> None:
    found = await rows.fetch(
        "SELECT type, subject_type, schema_version, internal, array_agg(DISTINCT keys) AS keys FROM (SELECT *, "
        "ARRAY(SELECT jsonb_object_keys(payload) ORDER BY 1)::text AS keys FROM event) e GROUP BY 1, 2, 3, 4"
    )
    assert len(found) > 15
    for row in found:
        declared = TYPES[row["type"]]
        assert (row["subject_type"], row["schema_version"], row["internal"]) == (
            declared.subject_type,
            declared.version,
            declared.internal,
        )
        keys = sorted(field.name for field in fields(declared))
        assert row["keys"] == ["{" + ",".join(keys) + "}"], row["type"]


async def test_every_subject_of_an_event_exists(rows: Connection) -> None:
    tables = {"Quote": "quote", "Order": "order", "Lead": "lead", "Contact": "contact", "Notification": "notification"}
    for kind, table in tables.items():
        await none_of(
            rows,
            f"SELECT e.id FROM event e WHERE e.subject_type = '{kind}' "
            f'AND NOT EXISTS (SELECT 1 FROM "{table}" t WHERE t.id = e.subject_id)',
        )
