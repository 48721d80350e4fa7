"""One request to a receiver that behaves in every way: nothing reaches our own network, nothing holds us up."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from ssl import SSLContext
from typing import Any

import pytest

from domain.webhooks.models import AttemptError
from domain.webhooks.outcome import Outcome
from domain.webhooks.queue import EXCERPT
from tenants.settings import Settings
from tests.receiving import certificate, raw, receiver, says
from workers import outbound as module
from workers.outbound import MOST_READ, Outbound

LOCAL = Settings(
    _env_file=None,  # type: ignore[call-arg]  # pydantic's own argument
    environment="test",
    webhook_local_targets=True,
    webhook_timeout_seconds=0.6,
)
HEADERS = {"webhook-id": "msg_1", "content-type": "application/json"}
BODY = '{"status": "geannuleerd é"}'


@asynccontextmanager
async def sending(settings: Settings = LOCAL, trusted: SSLContext | None = None) -> AsyncIterator[Outbound]:
    made = Outbound(settings, trusted)
    yield made
    await made.close()


async def sent(url: str, settings: Settings = LOCAL, trusted: SSLContext | None = None) -> Outcome:
    async with sending(settings, trusted) as made:
        return await made.post(url, HEADERS, BODY)


async def test_what_arrives() -> None:
    async with receiver() as there:
        there.answers = [says("202 Accepted", b"thanks", "X-Request-Id: 7\r\nSet-Cookie: a=b\r\n")]
        outcome = await sent(f"{there.url}?a=b")
    [got] = there.got
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/hook?a=b", BODY, "msg_1")
    assert got.headers["host"] == there.url.split("/")[2]
    assert (outcome.error, outcome.status, outcome.response_body) == (None, 202, "thanks")
    assert outcome.response_headers == {"x-request-id": "7", "content-length": "6"}
    assert outcome.address == "127.0.0.1"
    assert outcome.latency_ms is not None


@pytest.mark.parametrize("status", ["500 Internal Server Error", "404 Not Found", "429 Too Many", "410 Gone"])
async def test_other_statuses_are_failures(status: str) -> None:
    async with receiver() as there:
        there.answers = [says(status, b"no", "Retry-After: 17\r\n")]
        outcome = await sent(there.url)
    assert (outcome.error, outcome.status) == (AttemptError.STATUS, int(status[:3]))
    assert (outcome.retry_after, outcome.response_body) == (17, "no")


@pytest.mark.parametrize("value", ["soon", "-5", "", "1e9", "Wed, 32 Oct 2026 07:28:00 GMT", "²"])
async def test_a_retry_after_that_is_none(value: str) -> None:
    assert module._retry_after(value) is None


def test_a_retry_after_with_a_date() -> None:
    assert module._retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    later = module._retry_after("Wed, 21 Oct 2099 07:28:00 GMT")
    assert later is not None
    assert later > 1e9


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}/inner", "http://169.254.169.254/", "/relative"])
async def test_redirects_are_not_followed(where: str) -> None:
    async with receiver() as there, receiver() as inner:
        location = where.format(port=inner.url.split(":")[2].split("/")[0])
        there.answers = [says("307 Temporary Redirect", b"", f"Location: {location}\r\n")]
        outcome = await sent(there.url)
        assert inner.got == []
    assert len(there.got) == 1
    assert (outcome.error, outcome.status) == (AttemptError.STATUS, 307)
    assert outcome.response_headers["location"] == location


async def test_no_answer_in_time() -> None:
    async with receiver() as there:
        there.always = there.hangs()
        began = time.monotonic()
        outcome = await sent(there.url)
    assert (outcome.error, outcome.status) == (AttemptError.TIMEOUT, None)
    assert time.monotonic() - began < 3


async def test_a_slow_body_does_not_undo_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BODY_SECONDS", 0.1)
    async with receiver() as there:
        there.always = there.trickles()
        outcome = await sent(there.url)
    assert (outcome.error, outcome.status, outcome.response_body) == (None, 200, "{")


async def test_a_body_of_ten_megabytes_is_left_where_it_is() -> None:
    written = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n")
        for _ in range(160):
            writer.write(b"x" * 65_536)
            await writer.drain()
            written += 65_536

    async with receiver() as there:
        there.answers = [endless]
        outcome = await sent(there.url)
    assert (outcome.error, outcome.status) == (None, 200)
    assert outcome.response_body == "x" * EXCERPT
    assert written < 10_485_760, "the whole body was read"
    assert MOST_READ < 10_485_760


async def test_bytes_that_are_no_text_are_kept_as_text() -> None:
    async with receiver() as there:
        there.answers = [says("200 OK", b"\xff\x00ok")]
        outcome = await sent(there.url)
    assert outcome.response_body == "\N{REPLACEMENT CHARACTER}\0ok"


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 300_000 + b"\r\n\r\n",
        b"",
    ],
)
async def test_what_is_not_http(data: bytes) -> None:
    async with receiver() as there:
        there.answers = [raw(data)]
        outcome = await sent(there.url)
    assert outcome.error in (AttemptError.PROTOCOL, AttemptError.CONNECTION)
    assert outcome.status is None


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = await sent(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert outcome.error is AttemptError.CONNECTION


# --- TLS --------------------------------------------------------------------------------------------------------------


async def test_a_certificate_that_is_believed(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    async with receiver(server) as there:
        outcome = await sent(there.url, trusted=client)
    assert (outcome.error, outcome.status) == (None, 204)
    assert there.got[0].headers["host"].startswith("localhost:")


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path)
    async with receiver(server) as there:
        outcome = await sent(there.url)
    assert there.got == []
    assert outcome.error is AttemptError.TLS
    assert "self-signed certificate" in (outcome.detail or "")


async def test_a_certificate_of_another_name(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "hooks.example.nl")
    async with receiver(server) as there:
        outcome = await sent(there.url, trusted=client)
    assert there.got == []
    assert outcome.error is AttemptError.TLS


async def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, days=-1)
    async with receiver(server) as there:
        outcome = await sent(there.url, trusted=client)
    assert there.got == []
    assert outcome.error is AttemptError.TLS


async def test_a_receiver_that_speaks_no_tls() -> None:
    async with receiver() as there:
        outcome = await sent(there.url.replace("http://", "https://"))
        assert there.got == []
    assert outcome.error in (AttemptError.TLS, AttemptError.TIMEOUT)


# --- addresses --------------------------------------------------------------------------------------------------------


class Names:
    """A name server whose answers are used up one by one, the last one kept."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, port: int) -> list[Any]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


@pytest.fixture
def public() -> Settings:
    return LOCAL.model_copy(update={"webhook_local_targets": False})


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.8"], ["169.254.169.254"], ["::ffff:10.0.0.1"], ["8.8.8.8", "10.0.0.8"], []]
)
async def test_a_name_of_ours_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, public: Settings, addresses: list[str]
) -> None:
    monkeypatch.setattr(module, "_look_up", Names(addresses))
    outcome = await sent("https://hooks.example.nl/", public)
    assert outcome.error is AttemptError.ADDRESS_REFUSED
    assert outcome.address is None


async def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch, public: Settings) -> None:
    """The address that was checked is the one that is asked: the name is resolved once."""
    names, asked = Names(["93.184.216.34"], ["127.0.0.1"]), []

    async def connect(_self: Any, host: str, *_args: Any, **_options: Any) -> Any:
        asked.append(host)
        raise module.httpcore.ConnectError("nobody there")

    monkeypatch.setattr(module, "_look_up", names)
    monkeypatch.setattr(module.httpcore.AnyIOBackend, "connect_tcp", connect)
    outcome = await sent("https://hooks.example.nl/", public)
    assert asked == ["93.184.216.34"]
    assert names.asked == 1
    assert outcome.error is AttemptError.CONNECTION


@pytest.mark.parametrize("error", [socket.gaierror("unknown"), UnicodeError("no name")])
async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(_host: str, _port: int) -> list[Any]:
        raise error

    monkeypatch.setattr(module, "_look_up", fail)
    outcome = await sent("https://hooks.example.nl/")
    assert outcome.error is AttemptError.DNS


@pytest.mark.parametrize("name", ["hooks.partner.example", "hooks.invalid", "a.test"])
async def test_names_that_can_never_be_are_not_looked_up(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    names = Names(["8.8.8.8"])
    monkeypatch.setattr(module, "_look_up", names)
    outcome = await sent(f"https://{name}/")
    assert outcome.error is AttemptError.DNS
    assert names.asked == 0


async def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(module, "_look_up", lambda _host, _port: released.wait(20))
    outcome = await sent("https://hooks.example.nl/")
    released.set()
    assert outcome.error in (AttemptError.DNS, AttemptError.TIMEOUT)


async def test_a_literal_address_of_ours_is_not_asked(public: Settings) -> None:
    async with receiver() as there:
        outcome = await sent(there.url.replace("http://", "https://"), public)
        assert there.got == []
    assert outcome.error is AttemptError.ADDRESS_REFUSED


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver() as proxy, receiver() as there:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        outcome = await sent(there.url)
        assert proxy.got == []
    assert outcome.error is None
    assert len(there.got) == 1


async def test_connections_are_kept_per_name() -> None:
    """Two names at one address never share a connection, which would carry the first one's certificate."""
    async with receiver() as there, sending() as made:
        await made.post(there.url, HEADERS, BODY)
        await made.post(there.url.replace("127.0.0.1", "localhost"), HEADERS, BODY)
    assert [got.headers["host"].split(":")[0] for got in there.got] == ["127.0.0.1", "localhost"]
