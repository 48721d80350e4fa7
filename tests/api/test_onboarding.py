"""Onboarding as clients meet it: applying as a visitor, where one stands, files, events and registers."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from httpx import ASGITransport, AsyncClient, Response
from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api.app import create_app
from api.rest import onboarding as rest
from domain.catalog.service import map_partner_sku
from domain.contacts.models import Contact
from domain.events.models import Event
from domain.onboarding import reactions, registers, sku_map, tasks
from domain.onboarding.criteria import Register
from domain.onboarding.flow import LOOK_UP_JOB
from domain.onboarding.models import PartnerOnboarding
from domain.onboarding.registers import Outcome, Unreachable
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, codes, gid
from tests.domain.onboarding import world
from tests.domain.onboarding.world import World
from tests.serving import serving
from workers.onboarding import look_up
from workers.run import Run

APPLY = """mutation A($input: PartnershipInput!) { applyForPartnership(input: $input) {
  received onboarding { id state progress } userErrors { code field message } } }"""
CONFIRM = """mutation C($token: String!) { confirmPartnership(token: $token) { number userErrors { code } } }"""
WHERE = """query W($id: ID!) { partnerOnboarding(id: $id) { state progress number
  organization { name } steps { code state owner }
  tasks(filter: {state: {eq: OPEN}}) { nodes { kind owner dueOn titleEn handling { note } } } } }"""


@pytest.fixture
async def a_world(database: Database) -> World:
    return await world.make(database)


def application(**given: Any) -> dict[str, Any]:
    usual = {
        "category": "LEAD_TRANSFER",
        "wayIn": "PORTAL",
        "companyName": factories.unique("Zonnig "),
        "contactName": "Ans de Boer",
        "email": f"{uuid4().hex}@example.nl",
        "kvkNumber": "68750110",
    }
    return usual | given


async def the_only(a_world: World, email: str) -> PartnerOnboarding:
    async with a_world.database.session(SYSTEM) as session:
        return (await session.scalars(select(PartnerOnboarding).filter_by(email=email))).one()


async def test_a_visitor_gets_one_answer_and_everything_else_by_mail(a_world: World, settings: Settings) -> None:
    async with a_world.database.session(SYSTEM) as session:
        known = await factories.organization(session, a_world.entity, kvk_number="68750110")
    visitor = Asker(a_world.database, settings, a_world.visitor)
    answers = []
    for name in (known.name, factories.unique("Nieuw ")):
        given = application(companyName=name)
        answers.append((await visitor.ask(APPLY, input=given))["applyForPartnership"])
    assert answers == [{"received": True, "onboarding": None, "userErrors": []}] * 2
    [mail] = await a_world.mails(given["email"])
    token = re.search(r"#(\S+)", mail)
    assert token
    row = await the_only(a_world, given["email"])
    confirmed = await visitor.ask(CONFIRM, token=token[1])
    assert confirmed["confirmPartnership"] == {"number": row.number, "userErrors": []}
    assert (await visitor.ask(CONFIRM, token=token[1]))["confirmPartnership"]["userErrors"][0]["code"] == (
        "CONFIRMATION_INVALID"
    )
    assert await visitor.error(WHERE, id=gid("PartnerOnboarding", row.id)) == "UNAUTHENTICATED"


async def test_all_faults_of_an_application_are_named_at_once(a_world: World, settings: Settings) -> None:
    visitor = Asker(a_world.database, settings, a_world.visitor)
    wrong = application(email="nobody", kvkNumber="12", website="ftp://x", companyName=" ", ordersPerMonth=-1)
    refused = (await visitor.ask(APPLY, input=wrong))["applyForPartnership"]
    assert {code for code, _ in codes(refused)} == {
        "INVALID_EMAIL", "INVALID_KVK_NUMBER", "INVALID_URL", "REQUIRED", "OUT_OF_RANGE",
    }  # fmt: skip
    assert refused["received"] is False


async def test_one_sees_where_one_stands_and_ones_own_tasks(a_world: World, settings: Settings) -> None:
    staff = Asker(a_world.database, settings, a_world.admin)
    made = (await staff.ask(APPLY, input=application()))["applyForPartnership"]
    assert made["userErrors"] == []
    id = made["onboarding"]["id"]
    accepted = await staff.ask(
        'mutation($id: ID!) { acceptPartnership(id: $id, reason: "known") { onboarding { state progress } '
        "userErrors { code } } }",
        id=id,
    )
    assert accepted["acceptPartnership"]["onboarding"]["state"] == "DOCUMENTS"
    seen = (await staff.ask(WHERE, id=id))["partnerOnboarding"]
    done = sum(step["state"] in ("DONE", "WAIVED") for step in seen["steps"] if step["code"] not in OPTIONAL)
    required = sum(step["code"] not in OPTIONAL for step in seen["steps"])
    assert seen["progress"] == 100 * done // required
    row = await the_only(a_world, await _email(a_world, seen["number"]))
    async with a_world.database.session(SYSTEM) as session:
        organization = await session.get_one(Contact, row.organization_id)
        admin = await factories.actor_with(session, Role.PARTNER_ADMIN, a_world.entity, organization=organization)
        other = await factories.actor_with(
            session,
            Role.PARTNER_ADMIN,
            a_world.entity,
            organization=await factories.organization(session, a_world.entity),
        )
    mine = (await Asker(a_world.database, settings, admin).ask(WHERE, id=id))["partnerOnboarding"]
    assert {task["owner"] for task in mine["tasks"]["nodes"]} == {"PARTNER"}
    assert all(task["handling"] is None for task in mine["tasks"]["nodes"])
    assert (await Asker(a_world.database, settings, other).ask(WHERE, id=id))["partnerOnboarding"] is None


OPTIONAL = {"CREDENTIALS", "SANDBOX_CHECKS", "UPDATES"}


async def _email(a_world: World, number: str) -> str:
    async with a_world.database.session(SYSTEM) as session:
        return str(await session.scalar(select(PartnerOnboarding.email).filter_by(number=number)))


# --- following ------------------------------------------------------------------------------------------------------


async def test_a_step_is_done_by_what_happens_elsewhere(a_world: World) -> None:
    row = await a_world.accepted()
    assert row.organization_id
    async with a_world.database.session(a_world.admin) as session:
        await map_partner_sku(session, a_world.entity.id, row.organization_id, "Z-1", a_world.article.id)
        query = select(Event).where(Event.type == "partner_sku.mapped", Event.subject_id == row.organization_id)
        event = (await session.scalars(query)).one()
    async with a_world.database.session(SYSTEM) as session:
        assert event.type in reactions.EVENTS
        await reactions.react(session, event)
    assert (await a_world.states(row))["SKU_MAP"] == "DONE"


# --- registers ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def register(settings: Settings) -> AsyncIterator[Settings]:
    """Settings of an installation that asks a KvK and a VIES of our own."""

    async def kvk(request: Request) -> JSONResponse:
        number = request.path_params["number"]
        assert request.headers["apikey"] == "key"
        known: dict[str, Any] = {
            "68750110": {"naam": "Zonnig B.V.", "materieleRegistratie": {}},
            "12345678": {"naam": "Zonnig", "materieleRegistratie": {"datumEinde": "20200101"}},
        }
        return JSONResponse(known[number]) if number in known else JSONResponse({}, 404)

    async def vies(request: Request) -> JSONResponse:
        given = orjson.loads(await request.body())
        if given["vatNumber"] == "DOWN":
            return JSONResponse({"actionSucceed": False, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]})
        return JSONResponse({"valid": given["vatNumber"] == "123456782B01", "name": "---"})

    routes = [
        Route("/v1/basisprofielen/{number}", kvk),
        Route("/check-vat-number", vies, methods=["POST"]),
    ]
    async with serving(Starlette(routes=routes)) as address:
        yield settings.model_copy(update={"kvk_url": address, "kvk_key": SecretStr("key"), "vies_url": address})


@pytest.mark.parametrize(
    ("which", "number", "name", "outcome"),
    [
        (Register.KVK, "68750110", "zonnig", Outcome.FOUND),
        (Register.KVK, "68750110", "Maanlicht", Outcome.OTHER_NAME),
        (Register.KVK, "12345678", "Zonnig", Outcome.ENDED),
        (Register.KVK, "87654321", "Zonnig", Outcome.UNKNOWN),
        (Register.VIES, "NL123456782B01", "Zonnig", Outcome.FOUND),
        (Register.VIES, "NL000000000B00", "Zonnig", Outcome.UNKNOWN),
        (Register.KVK, None, "Zonnig", Outcome.NOT_GIVEN),
    ],
)
async def test_what_registers_say(
    register: Settings, which: Register, number: str | None, name: str, outcome: Outcome
) -> None:
    assert (await registers.look_up(register, which, number, name)).outcome is outcome


async def test_a_register_that_is_down_is_no_answer(register: Settings) -> None:
    with pytest.raises(Unreachable):
        await registers.look_up(register, Register.VIES, "NLDOWN", "Zonnig")
    silent = register.model_copy(update={"kvk_url": "http://127.0.0.1:9"})
    with pytest.raises(Unreachable):
        await registers.look_up(silent, Register.KVK, "68750110", "Zonnig")


async def test_the_job_settles_what_registers_settle_and_leaves_the_rest_to_people(
    a_world: World, register: Settings
) -> None:
    row = await a_world.apply(company_name="Zonnig B.V.", vat_number=None)
    assert row
    run = Run(uuid4(), LOOK_UP_JOB, "default", 1, 0, SYSTEM, a_world.entity.id, a_world.database, register)
    await look_up(run, {"onboarding_id": str(row.id)})
    states = await a_world.states(row)
    assert (states["KVK"], states["VAT"]) == ("DONE", "FAILED")


# --- files ----------------------------------------------------------------------------------------------------------


async def test_a_document_comes_as_a_file_and_the_map_goes_as_one(
    a_world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await a_world.accepted()
    assert row.organization_id
    async with a_world.database.session(a_world.admin) as session:
        await map_partner_sku(session, a_world.entity.id, row.organization_id, "=Z-1", a_world.article.id)
    asking = [a_world.visitor, *[a_world.admin] * 6]

    async def asked(_request: Any) -> Actor:
        return asking.pop(0)

    monkeypatch.setattr(rest, "actor_of", asked)
    app = create_app(settings, SCHEMA)
    app.state.database = a_world.database
    entity, partner = gid("BusinessEntity", a_world.entity.id), gid("Organization", row.organization_id)
    of = {"entityId": entity, "organizationId": partner}
    kind = of | {"kind": "COMPANY_EXTRACT", "issuedOn": tasks.today().isoformat()}
    async with AsyncClient(transport=ASGITransport(app), base_url=f"http://{a_world.brand.host}") as client:

        async def send(media: str = "application/pdf", **more: str) -> Response:
            headers = {"Content-Type": media}
            return await client.post("/partner-documents", params=kind | more, content=b"%PDF-1", headers=headers)

        assert (await send()).status_code == 401
        assert (await send(media="text/html")).status_code == 415
        made = await send()
        assert (made.status_code, made.json()["number"], made.json()["state"]) == (201, 1, "PENDING")
        wrong = {"DOCUMENT_NOT_ASKED_FOR": {"kind": "DIPLOMA"}, "DOCUMENT_EXPIRED": {"issuedOn": "2020-01-01"}}
        for code, more in wrong.items():
            refused = await send("application/pdf", **more)
            assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
        table = await client.get("/partner-sku-map", params=of)
        assert table.text == f"partner_sku,sku,quantity\r\n'=Z-1,{a_world.article.sku},1\r\n"
        assert sku_map.read(table.text)[0].partner_sku == "=Z-1"

        async def bring(text: str, **more: str) -> Response:
            headers = {"Content-Type": "text/csv"}
            return await client.post("/partner-sku-map", params=of | more, content=text, headers=headers)

        changed = table.text.replace(",1\r", ",2\r")
        asking += [a_world.admin] * 4
        assert [row["change"] for row in (await bring(changed, checkOnly="true")).json()["rows"]] == ["CHANGED"]
        faulty = await bring(changed + "Z-2,NONE,1")
        assert (faulty.status_code, faulty.json()["rows"][1]["errors"][0]["code"]) == (422, "UNKNOWN_ARTICLE")
        assert (await bring(changed)).status_code == 201
        assert (await bring(changed)).status_code == 200
