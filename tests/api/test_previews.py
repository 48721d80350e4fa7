"""`preview: true`: what would happen, nothing of it kept, and then it happens just so."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
import pytest
from graphql import get_named_type
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from api import previewing
from api.context import Info
from api.mutations import Payload, mutation
from api.previewing import kinds as kinds_of
from api.reading import PUBLIC
from api.reading.registry import declaration
from api.webhook_payloads import Payloads
from domain.events.models import Event
from domain.notifications.models import NotificationDelivery
from domain.previews import recording
from domain.previews.following import Following
from domain.previews.rows import UNTOLD, readable
from domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from domain.webhooks.payloads import DEFAULT_SELECTION, owner_of
from tenants.actor import SYSTEM, Actor
from tenants.audience import Audience
from tenants.engine import Database
from tenants.rls import REGISTRY
from tenants.settings import Settings
from tests.asking import SCHEMA, codes, gid
from tests.preview_cases import CASES, ORDER, QUOTE, World, create, send, sign_first, sign_last, world
from tests.previewing import Aftermath, kinds, plain, trace
from tests.quoting import market
from tests.trading import trader

TABLES = {kind: table for table, kind in kinds_of(SCHEMA._schema.extensions["reading"]).items()}
Owner: TypeAlias = "asyncpg.Connection[Any]"


@pytest.mark.parametrize("name", CASES)
async def test_what_is_foreseen_leaves_no_trace_and_then_happens(
    name: str, database: Database, settings: Settings, owner: Owner
) -> None:
    w = await world(database, settings)
    who, asked, variables = await CASES[name](w)
    field = name.split(",")[0]
    before = await trace(owner)
    told = (await w.ask(who).ask(asked, **variables, preview=True))[field]
    assert await trace(owner) == before
    assert told["userErrors"] == []
    aftermath = await Aftermath.begin(database)
    done = (await w.ask(who).ask(asked, **variables))[field]
    preview = told.pop("preview")
    assert done.pop("preview") is None
    assert plain(told) == plain(done)
    await aftermath.follow()
    after = await trace(owner)
    new = {name: after[name][0] - before[name][0] for name in before if name in REGISTRY}
    await _happened(w, who, preview, aftermath, new)


async def _happened(w: World, who: str, preview: Any, aftermath: Aftermath, new: dict[str, int]) -> None:
    actor = w.m.actors[who]
    ids = [event.id for event in await aftermath.events()]
    async with w.m.database.session(actor) as session:
        types = (await session.scalars(select(Event.type).where(Event.id.in_(ids)))).all()
        sent = select(NotificationDelivery.channel, NotificationDelivery.kind, NotificationDelivery.title)
        sent = sent.where(NotificationDelivery.created_at >= aftermath.since)
        messages = Counter(tuple(row) for row in await session.execute(sent))
    assert Counter(preview["events"]) == Counter(types)
    told_of = [m for m in preview["messages"] if m["kind"]]
    assert Counter((m["channel"], m["kind"], "" if m["suppressed"] else m["subject"]) for m in told_of) == messages
    assert types
    assert sorted(map(str, plain(preview["webhooks"]))) == sorted(map(str, plain(await _hooks(w, who, ids))))
    told: Counter[str] = Counter()
    for (kind, action), count in kinds(preview).items():
        told[TABLES.get(kind, kind)] += {"CREATED": count, "REMOVED": -count}.get(action, 0)
    told = Counter({name: count for name, count in told.items() if count})
    if who in ("staff", "finance", "admin"):
        made = {
            name: count
            for name, count in new.items()
            if count and name not in UNTOLD and readable(name, Audience.STAFF)
        }
        assert told == made
    else:
        assert all(new.get(name, 0) >= count for name, count in told.items())


async def _hooks(w: World, who: str, ids: list[UUID]) -> list[dict[str, Any]]:
    """What is queued for the endpoints that the actor sees, with the JSON that is read for it."""
    async with w.m.database.session(w.m.actors[who]) as session:
        seen = [] if who == "customer" else (await session.scalars(select(WebhookEndpoint.id))).all()
    async with w.m.database.session(SYSTEM) as session:
        query = select(WebhookDelivery, WebhookEndpoint).join(
            WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id
        )
        query = query.where(WebhookDelivery.event_id.in_(ids), WebhookEndpoint.id.in_(seen))
        queued = (await session.execute(query)).all()
    renderer = Payloads(SCHEMA, w.m.database, w.settings)
    return [
        {
            "endpointId": gid("WebhookEndpoint", endpoint.id),
            "url": endpoint.url,
            "eventType": delivery.event_type,
            "payload": orjson.loads(
                await renderer.render(
                    DEFAULT_SELECTION, owner_of(endpoint.entity_id, endpoint.organization_id), delivery.event_id
                )
            ),
        }
        for delivery, endpoint in queued
    ]


# --- nothing of it is kept ----------------------------------------------------------------------------------------


async def test_a_refusal_is_that_of_the_real_run(database: Database, settings: Settings, owner: Owner) -> None:
    w = await world(database, settings)
    _, asked, variables = await send(w)
    await w.ask("staff").ask(asked, **variables)
    before = await trace(owner)
    answers = [(await w.ask("staff").ask(asked, **variables, preview=each))["sendQuote"] for each in (True, False)]
    assert answers[0] == answers[1]
    assert codes(answers[0]) == [("NO_DRAFT", ["id"])]
    assert (await w.ask("dealer").error(asked, **variables, preview=True)) == "FORBIDDEN"
    assert await trace(owner) == before


async def test_an_idempotency_key_is_neither_needed_nor_used(
    database: Database, settings: Settings, owner: Owner
) -> None:
    w = await world(database, settings)
    _, asked, variables = await sign_first(w)
    kept = await owner.fetchval("SELECT count(*) FROM idempotency_key")
    dealer = trader(w.m, settings, "dealer", key="one key")
    for _ in range(2):
        assert (await dealer.ask(asked, **variables, preview=True))["signQuote"]["preview"]["rows"]
    assert await owner.fetchval("SELECT count(*) FROM idempotency_key") == kept
    done = [(await dealer.ask(asked, **variables))["signQuote"] for _ in range(2)]
    assert done[0] == done[1]
    assert (done[0]["userErrors"], done[0]["quote"]["status"]) == ([], "PARTIALLY_SIGNED")
    again = (await dealer.ask(asked, **variables, preview=True))["signQuote"]
    assert [code for code, _ in codes(again)] == ["ALREADY_SIGNED"]


async def test_nobody_is_woken(database: Database, settings: Settings, owner: Owner) -> None:
    w = await world(database, settings)
    heard: list[str] = []
    for channel in ("chargecars_webhooks", "chargecars_jobs", "chargecars_events"):
        await owner.add_listener(channel, lambda *given: heard.append(given[2]))
    _, asked, variables = await sign_last(w)
    await owner.fetchval("SELECT 1")
    heard.clear()
    await w.ask("customer").ask(asked, **variables, preview=True)
    await owner.fetchval("SELECT 1")
    assert heard == []


async def test_a_sealed_record_of_a_preview_proves_nothing(database: Database, settings: Settings) -> None:
    w = await world(database, settings)
    _, asked, variables = await sign_first(w)
    asked = asked.replace(ORDER, "signature { keyId record seal }")
    told = (await w.ask("dealer").ask(asked, **variables, preview=True))["signQuote"]["signature"]
    done = (await w.ask("dealer").ask(asked, **variables))["signQuote"]["signature"]
    assert told["keyId"] != done["keyId"]


async def test_the_database_refuses_to_keep_a_preview(database: Database) -> None:
    m = await market(database)

    async def keep() -> None:
        async with database.session(SYSTEM) as session:
            await recording.begin(session)
            await session.execute(text("UPDATE contact SET updated_at = now() WHERE id = :id"), {"id": m.customer.id})

    with pytest.raises(DBAPIError, match="never committed"):
        await keep()


async def test_what_is_checked_at_commit_is_checked_in_a_preview(
    fresh_database: Callable[[], Awaitable[str]], database: Database
) -> None:
    url = await fresh_database()
    owner = await asyncpg.connect(url)
    await owner.execute(
        "CREATE TABLE probe (n int CONSTRAINT probe_once UNIQUE DEFERRABLE INITIALLY DEFERRED); "
        "GRANT INSERT ON probe TO chargecars_system"
    )
    own = Database(url, database._password)
    async with own.session(SYSTEM) as session:
        await session.execute(text("INSERT INTO probe VALUES (1), (2)"))
        await recording.settle(session)
        await session.execute(text("INSERT INTO probe VALUES (1)"))
        with pytest.raises(DBAPIError, match="probe_once"):
            await recording.settle(session)
        await session.rollback()
    await own.close()
    await owner.close()


async def test_previews_at_once_and_a_real_run_among_them(database: Database, settings: Settings) -> None:
    w = await world(database, settings)
    _, asked, variables = await create(w)
    asked = asked.replace(QUOTE, "quote { number }")
    staff = w.ask("staff")
    runs = [staff.ask(asked, **variables, preview=each) for each in (True, True, False, True, True)]
    answers = [answer["createQuote"] for answer in await asyncio.gather(*runs)]
    assert all(answer["userErrors"] == [] for answer in answers)
    real = [answer for answer in answers if answer["preview"] is None]
    assert len(real) == 1
    then = (await staff.ask(asked, **variables, preview=True))["createQuote"]["quote"]["number"]
    assert (await staff.ask(asked, **variables))["createQuote"]["quote"]["number"] == then
    assert int(then[-5:]) == int(real[0]["quote"]["number"][-5:]) + 1


# --- what is told to whom -----------------------------------------------------------------------------------------


async def test_a_party_is_told_of_itself_alone(database: Database, settings: Settings) -> None:
    w = await world(database, settings)
    _, asked, variables = await sign_last(w)
    told = (await w.ask("customer").ask(asked, **variables, preview=True))["signQuote"]["preview"]
    assert told["webhooks"] == []
    assert {message["kind"] for message in told["messages"]} == {"quote.signed", "order.received"}
    columns = {column["name"] for row in told["rows"] for column in row["columns"]}
    assert columns
    assert not {name for name in columns if ("ost" in name and "Cost" in name) or "margin" in name.lower()}


async def test_webhooks_are_read_where_asked_for_and_no_more_of_them_than_there_is_time_for(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = await world(database, settings)
    read: list[UUID] = []
    render = Payloads.render

    async def counted(self: Payloads, selection: str, reader: Actor, event_id: UUID) -> str:
        read.append(event_id)
        return await render(self, selection, reader, event_id)

    monkeypatch.setattr(Payloads, "render", counted)
    _, asked, variables = await send(w)

    async def told(asked: str) -> tuple[int, list[dict[str, Any]]]:
        read.clear()
        preview = (await w.ask("staff").ask(asked, **variables, preview=True))["sendQuote"]["preview"]
        assert len(preview.get("webhooks", [])) == len(read)
        return len(read), [gap for gap in preview["gaps"] if gap["reason"] == "TOO_MANY"]

    gap = {"work": "webhooks", "reason": "TOO_MANY", "runAt": None, "detail": ""}
    count, gaps = await told(asked)
    assert count > 1
    assert gaps == []
    assert await told(asked.replace("webhooks { endpointId url eventType payload }", "")) == (0, [])
    with monkeypatch.context() as fewer:
        fewer.setattr(previewing, "MOST_WEBHOOKS", 1)
        assert await told(asked) == (1, [gap])
    monkeypatch.setattr(Following, "late", property(lambda self: bool(read)))
    assert await told(asked) == (1, [gap])


# --- which mutations ----------------------------------------------------------------------------------------------

AREAS = (
    "quote_changes",
    "signing",
    "order_changes",
    "invoice_changes",
    "invoice_documents",
    "payment_changes",
    "commission_changes",
    "bank_changes",
    "dunning_changes",
    "ledger_changes",
    "tariff_changes",
    "charging_offer_changes",
    "agreements",
    "charging_bill_changes",
)
CHANGES_NOTHING = {"previewQuote", "simulateCommission"}
MAILS_AT_ONCE = {"requestSigningCode"}


def test_whatever_changes_quotes_orders_or_bills_can_be_previewed() -> None:
    root = SCHEMA._schema.mutation_type
    assert root is not None
    without, found = set(), set()
    for name, field in root.fields.items():
        declared: Any = declaration(field)
        module = declared.base_resolver.wrapped_func.__module__.removeprefix("api.")
        if module in AREAS:
            found.add(module)
            payload: Any = get_named_type(field.type)
            if "preview" not in field.args or get_named_type(payload.fields["preview"].type).name != "Preview":
                without.add(name)
    assert found == set(AREAS)
    assert without == CHANGES_NOTHING | MAILS_AT_ONCE


def test_a_payload_without_a_preview_cannot_be_declared_previewable() -> None:
    async def resolve(info: Info) -> Payload:
        raise AssertionError(info)

    with pytest.raises(TypeError, match="PreviewablePayload"):
        mutation("Nothing.", requires=PUBLIC, previewable=True)(resolve)
