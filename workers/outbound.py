"""One HTTP POST to an address that a partner entered, without letting it reach our own network.

The name is resolved once per connection, every address it stands for has to be public, and the connection goes to the
address that was checked. Connections are kept per name. Redirects are not followed, no proxy is asked, nothing is
decompressed; of the answer a part is read, and its status line decides.
"""

import asyncio
import email.utils
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from domain.webhooks.errors import WebhookUrlInvalid
from domain.webhooks.models import AttemptError
from domain.webhooks.outcome import Outcome
from domain.webhooks.queue import EXCERPT
from domain.webhooks.targets import Target, local_allowed, may_be_asked, target_of
from tenants.settings import Settings

MOST_READ = 64 * 1024
_BODY_SECONDS = 2.0
"""For the answer's body, once its status is known."""
_RESOLVE_SECONDS = 3.0
_CONNECT_SECONDS = 5.0
_IDLE_SECONDS = 3.0
"""Shorter than what servers keep an idle connection for, so that none is used that is just being closed."""
_RESOLVERS = ThreadPoolExecutor(64, "webhook-names")
"""Threads of their own: a name server that does not answer keeps one for longer than we wait."""
_RESERVED_NAMES = frozenset({"example", "invalid", "test", "onion"})
"""RFC 6761: nobody is asked for them."""
_KEPT_HEADERS = frozenset(
    {"content-type", "content-length", "date", "location", "retry-after", "server", "x-request-id", "request-id"}
)


class AddressRefused(httpcore.ConnectError):
    """The name stands for an address that is not public."""


class NameUnknown(httpcore.ConnectError):
    """The name stands for nothing."""


@dataclass
class _Seen:
    """Where a connection went."""

    addresses: dict[str, str] = field(default_factory=dict)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, to exactly the one that was checked."""

    def __init__(self, *, local: bool, seen: _Seen) -> None:
        self._local = local
        self._seen = seen
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises: NameUnknown, AddressRefused, httpcore.ConnectError, httpcore.ConnectTimeout."""
        address = await resolved(host, port, local=self._local)
        self._seen.addresses[host] = address
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore.AsyncNetworkStream:
        raise AddressRefused("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def resolved(host: str, port: int, *, local: bool) -> str:
    """The first address of a name, all of which have to be public. Raises: NameUnknown, AddressRefused."""
    if host.rpartition(".")[2] in _RESERVED_NAMES:
        raise NameUnknown(f"{host} can never be known")
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, _look_up, host, port)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise NameUnknown(f"{host} is not known") from error
    addresses = [str(entry[4][0]) for entry in found]
    refused = next((each for each in addresses if not may_be_asked(each, local=local)), None)
    if refused is not None or not addresses:
        raise AddressRefused(f"{host} is not public")
    return min(addresses, key=lambda each: ip_address(each.partition("%")[0]).version)


def _look_up(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Outbound:
    """Sends; `close` when done. `trusted` replaces the certificate authorities that are believed."""

    def __init__(self, settings: Settings, trusted: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._seen = _Seen()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted or _tls(),
            max_connections=settings.webhook_connections,
            max_keepalive_connections=settings.webhook_connections,
            keepalive_expiry=_IDLE_SECONDS,
            http1=True,
            http2=False,
            network_backend=GuardedBackend(local=local_allowed(settings), seen=self._seen),
        )

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> Outcome:
        """Send; never raises for what the other side does."""
        began = time.perf_counter()
        target: Target | None = None
        try:
            target = target_of(url, self._settings)
            async with asyncio.timeout(self._settings.webhook_timeout_seconds):
                outcome = await self._exchange(target, headers, body.encode())
        except Exception as error:
            outcome = _failure(error)
        took = round((time.perf_counter() - began) * 1000)
        address = self._seen.addresses.get(target.host) if target else None
        return replace(outcome, latency_ms=took, address=address, request_headers=dict(headers))

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def _exchange(self, target: Target, headers: Mapping[str, str], body: bytes) -> Outcome:
        sent = {"host": target.authority, "content-length": str(len(body)), "accept": "*/*", **headers}
        url = httpcore.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path.encode("ascii", "strict")
        )
        timeouts = {"connect": _CONNECT_SECONDS, "pool": self._settings.webhook_timeout_seconds}
        request = httpcore.Request(
            "POST", url, headers=list(sent.items()), content=body, extensions={"timeout": timeouts}
        )
        response = await self._pool.handle_async_request(request)
        try:
            return _outcome(response, await _excerpt(response))
        finally:
            await response.aclose()


def _tls() -> ssl.SSLContext:
    """The usual authorities, whatever the environment says."""
    return httpx.create_ssl_context(trust_env=False)


async def _excerpt(response: httpcore.Response) -> bytes:
    """The beginning of the body; what is too long or too slow is left."""
    read = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in response.aiter_stream():
                read += chunk
                if len(read) >= MOST_READ:
                    break
    except (TimeoutError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        pass  # the status says whether it arrived
    return bytes(read[:EXCERPT])


def _outcome(response: httpcore.Response, body: bytes) -> Outcome:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    arrived = 200 <= response.status < 300
    return Outcome(
        error=None if arrived else AttemptError.STATUS,
        status=response.status,
        detail=None if arrived else _detail(response.status),
        retry_after=_retry_after(headers.get("retry-after", "")),
        response_headers={name: value for name, value in headers.items() if name in _KEPT_HEADERS},
        response_body=body.decode("utf-8", "replace"),
    )


def _detail(status: int) -> str:
    return f"status {status}; redirects are not followed" if 300 <= status < 400 else f"status {status}"


def _retry_after(value: str) -> float | None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _failure(error: Exception) -> Outcome:
    kind, detail = _kind(error)
    return Outcome(error=kind, detail=detail)


def _kind(error: Exception) -> tuple[AttemptError, str]:
    match error:
        case TimeoutError() | httpcore.TimeoutException():
            return AttemptError.TIMEOUT, "no answer in time"
        case AddressRefused():
            return AttemptError.ADDRESS_REFUSED, "the name stands for an address that is not public"
        case WebhookUrlInvalid():
            return AttemptError.ADDRESS_REFUSED, error.message("en")
        case NameUnknown():
            return AttemptError.DNS, "the name is not known"
        case httpcore.ConnectError() | httpcore.NetworkError() if tls := _tls_fault(error):
            return AttemptError.TLS, tls
        case httpcore.ProtocolError() | UnicodeError():
            return AttemptError.PROTOCOL, "the answer is not HTTP/1.1"
        case httpcore.NetworkError() | OSError():
            return AttemptError.CONNECTION, "the connection failed"
    raise error


def _tls_fault(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the certificate is not valid: {error.verify_message}"
        if isinstance(error, ssl.SSLError):
            return f"TLS failed: {error.reason or 'handshake'}"
        error = error.__cause__ or error.__context__
    return None
