"""Every snippet of the guide runs against the application, as it stands."""

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, parse, validate
from sqlalchemy import select

from api.developers.guide import GUIDE
from domain.bulk import exporting
from domain.bulk.models import BulkOperation, BulkState
from domain.jobs import actors
from domain.jobs.models import Job
from domain.partner_orders.models import PartnerOrder
from domain.users import oauth_clients
from domain.webhooks import secrets
from domain.webhooks.deliveries import SAMPLE
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA
from tests.connecting import Connected, connected

_SECONDS = 30
_OLDEST_NODE = 18
_BLOCK = re.compile(r"```(\w+)\n(?:# |// )?([a-z-]+)\n(.*?)```", re.S)
SNIPPETS = {(language, name): text for language, name, text in _BLOCK.findall(GUIDE.read_text(encoding="utf-8"))}


@pytest.fixture
async def partner(database: Database, settings: Settings) -> AsyncIterator[Connected]:
    async with connected(database, settings) as made:
        yield made


def command(language: str, name: str, folder: Path) -> list[str]:
    """How the snippet is run; skips the test where what runs it is not there."""
    text = SNIPPETS[language, name]
    if language == "python":
        return [sys.executable, "-c", text]
    program = shutil.which("node" if language == "ts" else "curl")
    if program is None:
        pytest.skip(f"{'node' if language == 'ts' else 'curl'} is not installed")
    if language == "sh":
        return ["/bin/sh", "-c", text]
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < _OLDEST_NODE:
        pytest.skip(f"node {version.strip()} has no fetch")
    # The snippets infer their types, so that they are JavaScript as well: every node runs them.
    path = folder / f"{name}.mjs"
    path.write_text(text, encoding="utf-8")
    return [program, str(path)]


def environment(partner: Connected, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "CHARGECARS_URL": partner.url,
        "CHARGECARS_KEY": partner.key,
        "CHARGECARS_PARTNER": str(partner.trade.market.dealer.id),
        "CHARGECARS_SECRET": partner.secret,
        **more,
    }


async def run(language: str, name: str, folder: Path, partner: Connected, **more: str) -> str:
    given = command(language, name, folder)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(*given, env=environment(partner, **more), **pipes)
    out, error = await asyncio.wait_for(process.communicate(), _SECONDS)
    assert process.returncode == 0, error.decode()
    return out.decode()


@pytest.mark.parametrize(
    ("language", "name"), [("sh", "send-order"), ("python", "send-signed-order"), ("ts", "send-signed-order")]
)
async def test_an_order_is_sent_and_asked_about(partner: Connected, tmp_path: Path, language: str, name: str) -> None:
    receipt = json.loads(await run(language, name, tmp_path, partner))
    assert (receipt["status"], receipt["repeated"]) == ("received", False)
    assert json.loads(await run(language, name, tmp_path, partner))["repeated"] is True
    async with partner.trade.market.database.session(SYSTEM) as session:
        query = select(PartnerOrder.repeated).filter_by(partner_order_id=receipt["partner_order_id"])
        assert list(await session.scalars(query.filter_by(organization_id=partner.trade.market.dealer.id))) == [1]


async def test_the_status_is_that_of_the_table(partner: Connected, tmp_path: Path) -> None:
    quote = await partner.trade.market.quote(partner_order_id="GRO-123456")
    assert quote
    found = json.loads(await run("sh", "status", tmp_path, partner))
    assert (found["partner_order_id"], found["status"]) == ("GRO-123456", "quote_sent")
    assert f"`{found['status']}`" in GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["python", "ts"])
async def test_all_orders_are_read_page_by_page(partner: Connected, tmp_path: Path, language: str) -> None:
    market = partner.trade.market
    for number in ("P-1", "P-2"):
        await market.ordered(partner_order_id=number)
    found = [json.loads(line) for line in (await run(language, "read-orders", tmp_path, partner)).splitlines()]
    assert {order["partnerOrderId"] for order in found} == {"P-1", "P-2"}


@asynccontextmanager
async def listening(language: str, folder: Path, partner: Connected, secret: str) -> AsyncIterator[tuple[str, Any]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = command(language, "receive-webhooks", folder)
    more = {"PORT": str(port), "CHARGECARS_WEBHOOK_SECRET": secret}
    environment_ = environment(partner, **more)
    process = await asyncio.create_subprocess_exec(*given, env=environment_, stdout=subprocess.PIPE)
    try:
        await asyncio.wait_for(_answering(port), _SECONDS)
        yield f"http://127.0.0.1:{port}/", process
    finally:
        process.kill()
        await process.wait()


async def _answering(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0)
        else:
            writer.close()
            return


@pytest.mark.parametrize("language", ["python", "ts"])
async def test_a_receiver_believes_us_and_nobody_else(partner: Connected, tmp_path: Path, language: str) -> None:
    secret, body = secrets.generate(), json.dumps(SAMPLE)
    genuine = dict(secrets.signatures("msg_1", body, [secrets.generate(), secret], datetime.now(UTC)))
    async with listening(language, tmp_path, partner, secret) as (url, process), httpx.AsyncClient() as client:
        answers = [
            (await client.post(url, content=given, headers=genuine)).status_code
            for given in (body, body.replace("Test", "Other"))
        ]
        old = genuine | {"webhook-timestamp": "1700000000"}
        answers.append((await client.post(url, content=body, headers=old)).status_code)
        assert answers == [204, 401, 401]
        assert (await process.stdout.readline()).decode().strip() == SAMPLE["status"]


async def test_an_export_is_asked_for_and_downloaded(partner: Connected, tmp_path: Path) -> None:
    await partner.trade.send(partner.trade.document("E-1"))
    running = asyncio.create_task(_work(partner))
    try:
        assert (await run("python", "export", tmp_path, partner)).split() == ["E-1"]
    finally:
        running.cancel()


async def _work(partner: Connected) -> None:
    """What a worker does with exports that were asked for."""

    async def told(_done: int, _total: int) -> None: ...

    database, entity_id = partner.trade.market.database, partner.trade.market.entity.id
    while True:
        async with database.session(SYSTEM) as session:
            query = select(BulkOperation.id, Job.actor).join(Job, Job.id == BulkOperation.job_id)
            query = query.where(BulkOperation.entity_id == entity_id, BulkOperation.state == BulkState.QUEUED)
            waiting = (await session.execute(query)).all()
        for row in waiting:
            await exporting.export(database, actors.read(row.actor), row.id, told)
        await asyncio.sleep(0)


async def test_an_application_gets_a_token(partner: Connected, tmp_path: Path) -> None:
    market, host = partner.trade.market, f"{factories.unique('p').lower()}.localhost"
    async with market.database.session(SYSTEM) as session:
        await factories.brand(session, market.entity, host=host)
        wanted = oauth_clients.Wanted(
            "App",
            scopes=["orders:read", "partner-orders:submit"],
            grant_types=["client_credentials"],
            entity_id=market.entity.id,
            organization_id=market.dealer.id,
        )
        made = await oauth_clients.create(session, SYSTEM, wanted)
    given = {"CHARGECARS_CLIENT_ID": made.client.client_key, "CHARGECARS_CLIENT_SECRET": made.secret or ""}
    here = partner.url.replace("127.0.0.1", host)
    token = json.loads(await run("sh", "token", tmp_path, partner, **given, CHARGECARS_URL=here))
    assert token["token_type"].lower() == "bearer"
    key = replace(partner, key=token["access_token"])
    await market.quote(partner_order_id="GRO-123456")
    assert json.loads(await run("sh", "status", tmp_path, key))["status"] == "quote_sent"


def test_the_queries_of_the_guide_are_valid() -> None:
    found = re.findall(
        r'"""(query .*?)"""|`(query .*?)`|"((?:mutation|query) .*?)"\n', "\n".join(SNIPPETS.values()), re.S
    )
    documents = [next(filter(None, each)) for each in found]
    assert len(documents) == 4
    for document in documents:
        [operation] = parse(document).definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert validate(SCHEMA._schema, parse(document)) == []


def test_every_snippet_is_run() -> None:
    assert set(SNIPPETS) == {
        ("sh", "send-order"),
        ("python", "send-signed-order"),
        ("ts", "send-signed-order"),
        ("sh", "status"),
        ("python", "read-orders"),
        ("ts", "read-orders"),
        ("python", "receive-webhooks"),
        ("ts", "receive-webhooks"),
        ("python", "export"),
        ("sh", "token"),
    }
