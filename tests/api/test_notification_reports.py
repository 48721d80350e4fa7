"""What providers report of deliveries, and the link in a mail with which its kind is switched off."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from api.app import create_app
from domain.notifications.models import NotificationDelivery
from tenants.engine import Database
from tenants.settings import Settings
from tests.domain.notifications.market import ORDER, Post, post

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes or more").decode()


@pytest.fixture
async def mine(database: Database) -> Post:
    return await post(database)


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings.model_copy(update={"notification_secrets": SecretStr(f"{SECRET},{SECRET}x")}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=(uuid4().hex, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


def signed(body: bytes, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


async def delivery_of(mine: Post) -> NotificationDelivery:
    await mine.tell("order.received", await mine.customer(), "a", ORDER)
    return (await mine.deliveries())[-1]


async def test_a_signed_report_is_believed(mine: Post, http: httpx.AsyncClient) -> None:
    row = await delivery_of(mine)
    body = json.dumps({"delivery": str(row.id), "state": "DELIVERED", "at": "2026-06-10T10:00:00+02:00"}).encode()
    for _ in range(2):
        answer = await http.post("/notifications/callbacks", content=body, headers=signed(body))
        assert answer.status_code == 204
    [seen] = [r for r in await mine.deliveries() if r.id == row.id]
    assert (seen.state, seen.delivered_at) == ("DELIVERED", datetime(2026, 6, 10, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x"},
        {"webhook-id": "x", "webhook-timestamp": "not a number", "webhook-signature": "nonsense"},
        {"webhook-id": "x", "webhook-timestamp": "9" * 400, "webhook-signature": "v1,AAAA"},
    ],
)
async def test_a_report_without_a_good_signature_is_refused(
    mine: Post, http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    row = await delivery_of(mine)
    body = json.dumps({"delivery": str(row.id), "state": "DELIVERED"}).encode()
    assert (await http.post("/notifications/callbacks", content=body, headers=headers)).status_code == 401
    other = "whsec_" + base64.b64encode(b"another secret of 24 bytes!").decode()
    for wrong in (signed(body, other), signed(body + b" "), signed(body, at=datetime(2026, 1, 1, tzinfo=UTC))):
        assert (await http.post("/notifications/callbacks", content=body, headers=wrong)).status_code == 401
    [seen] = [r for r in await mine.deliveries() if r.id == row.id]
    assert seen.state == "QUEUED"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"nonsense", 400),
        (b"[]", 400),
        (b"\xff\xfe", 401),
        (b'{"delivery": "", "state": "DELIVERED"}', 400),
        (b'{"delivery": "x", "state": "EATEN"}', 400),
        (b'{"delivery": "x", "state": ["DELIVERED"]}', 400),
        (b'{"delivery": "x", "state": "DELIVERED", "at": "yesterday"}', 400),
        (b'{"delivery": "x", "state": "DELIVERED", "at": "2026-06-10T10:00:00"}', 400),
        (b'{"delivery": "x", "state": "DELIVERED"}', 404),
    ],
)
async def test_a_report_that_cannot_be_read(http: httpx.AsyncClient, body: bytes, status: int) -> None:
    headers = signed(body) if status != 401 else signed(b"x")
    answer = await http.post("/notifications/callbacks", content=body, headers=headers)
    assert (answer.status_code, "error" in answer.json()) == (status, True)


async def test_a_link_asks_and_a_click_switches_off(mine: Post, http: httpx.AsyncClient) -> None:
    await mine.tell("visit.reminder", await mine.customer(), "a", ORDER)
    [mail] = await mine.mail(mine.customer_email)
    assert mail.unsubscribe_url
    path = "/" + mail.unsubscribe_url.split("/", 3)[3]
    page = await http.get(path, headers={"accept-language": "en"})
    assert (page.status_code, "reminders" in page.text, "<form" in page.text) == (200, True, True)
    assert page.headers["referrer-policy"] == "no-referrer"
    await mine.tell("visit.reminder", await mine.customer(), "b", ORDER)
    assert (await mine.deliveries())[-1].state == "QUEUED"
    for _ in range(2):
        done = await http.post(path, content=b"List-Unsubscribe=One-Click")
        assert done.status_code == 200
    await mine.tell("visit.reminder", await mine.customer(), "c", ORDER)
    assert (await mine.deliveries())[-1].reason == "OPTED_OUT"


async def test_a_link_that_is_not_ours_does_nothing(mine: Post, http: httpx.AsyncClient) -> None:
    await mine.tell("visit.reminder", await mine.customer(), "a", ORDER)
    [mail] = await mine.mail(mine.customer_email)
    assert mail.unsubscribe_url
    token = mail.unsubscribe_url.rsplit("/", 1)[1]
    for bad in (token[:-2], token[:20] + ("A" if token[20] != "A" else "B") + token[21:], "x", "%FF" * 20, "A" * 5000):
        for answer in (
            await http.get(f"/notifications/unsubscribe/{bad}"),
            await http.post(f"/notifications/unsubscribe/{bad}"),
        ):
            assert answer.status_code == 404
    await mine.tell("visit.reminder", await mine.customer(), "b", ORDER)
    assert (await mine.deliveries())[-1].state == "QUEUED"
