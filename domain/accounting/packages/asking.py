"""One request to an accounting package, and what may come of it.

What matters is whether something may have been written there: a write of which nothing was heard raises Uncertain, and
is looked for before it is made again. Answers are believed to be no larger than MOST_BYTES.
"""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, TypeVar

import httpx

SECONDS = 20.0
MOST_BYTES = 8 * 1024 * 1024
_LONGEST_WAIT = 3600.0
_MOST_MESSAGE = 500
_EPOCH = 1_000_000_000
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_LATER = frozenset({408, 423, 425})

T = TypeVar("T")
Gate: TypeAlias = Callable[[], Awaitable[None]]
"""Raises Busy where no further request is allowed now."""


class Refused(Exception):
    """The package will never take it as it is."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message[:_MOST_MESSAGE]


class CredentialsRefused(Exception):
    """The package does not let us in."""


class Busy(Exception):
    """No further request before so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"for {seconds:.0f} s")
        self.seconds = min(max(seconds, 1.0), _LONGEST_WAIT)


class Unreachable(Exception):
    """Nothing was written, and nothing read."""


class Uncertain(Exception):
    """It may have been written."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body, numbers with a point as Decimal."""

    status: int
    body: Any


class Asker:
    """Requests below one address; `errors` reads code and message of a refusal from a body."""

    def __init__(
        self, url: str, headers: Mapping[str, str], gate: Gate, errors: Callable[[Any], tuple[str, str]]
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=url, timeout=SECONDS, follow_redirects=False, trust_env=False, headers=dict(headers)
        )
        self._gate = gate
        self._errors = errors

    async def get(self, path: str, **query: str | int) -> Any:
        """The body. Raises: Refused, CredentialsRefused, Busy, Unreachable."""
        return (await self.read(path, query)).body

    async def read(self, path: str, query: Mapping[str, str | int], headers: Mapping[str, str] | None = None) -> Answer:
        """Nothing is written by reading, so its end is never in doubt."""
        try:
            return await self.send("GET", path, params=query, headers=headers)
        except Uncertain as error:
            raise Unreachable(str(error)) from error

    async def post_form(self, path: str, form: Mapping[str, str]) -> Answer:
        """A form that changes nothing, such as one for a token."""
        try:
            return await self.send("POST", path, data=form)
        except Uncertain as error:
            raise Unreachable(str(error)) from error

    async def get_or_none(self, path: str, **query: str | int) -> Any:
        """The body; None for 404."""
        try:
            return await self.get(path, **query)
        except Refused as refused:
            if refused.code == "HTTP_404":
                return None
            raise

    async def write(self, method: str, path: str, body: Any) -> Any:
        """The body. Raises as `get`, and Uncertain."""
        return (await self.send(method, path, json=body)).body

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """One request; 2xx only comes back."""
        await self._gate()
        try:
            async with self._client.stream(method, path, **options) as response:
                body = await _read(response)
        except _NOT_SENT as error:
            raise Unreachable(type(error).__name__) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Uncertain(type(error).__name__) from error
        return self._judged(response, body)

    def _judged(self, response: httpx.Response, raw: bytes) -> Answer:
        status = response.status_code
        if response.is_success:
            return Answer(status, _json(raw))
        if status in (401, 403):
            raise CredentialsRefused(f"HTTP {status}")
        if status == 429:
            raise Busy(retry_after(response.headers))
        if status in _LATER:
            raise Unreachable(f"HTTP {status}")
        if status >= 500:
            raise Uncertain(f"HTTP {status}")
        code, message = self._errors(_json_or_none(raw))
        raise Refused(code if status != 404 and code else f"HTTP_{status}", message or f"HTTP {status}")

    async def close(self) -> None:
        await self._client.aclose()


async def _read(response: httpx.Response) -> bytes:
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > MOST_BYTES:
            raise httpx.DecodingError("the answer is too long")
    return bytes(read)


def _json(raw: bytes) -> Any:
    """Raises: Uncertain for what is no JSON: a proxy answered, and what lies behind it is not known."""
    if not raw:
        return None
    try:
        return json.loads(raw, parse_float=Decimal)
    except ValueError as error:
        raise Uncertain("an answer that is no JSON") from error


def _json_or_none(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_float=Decimal)
    except ValueError:
        return None


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds to wait: Retry-After as seconds, as a moment in seconds since 1970 or as an HTTP date, else a minute."""
    for name in ("retry-after", "ratelimit-reset"):
        value = headers.get(name, "").strip()
        if value.isascii() and value.isdigit() and len(value) < 12:
            return int(value) - time.time() if int(value) > _EPOCH else float(value)
        if value:
            try:
                return parsedate_to_datetime(value).timestamp() - time.time()
            except (TypeError, ValueError):
                continue
    return 60.0


def understood(answer: Any, read: Callable[[Any], T]) -> T:
    """What an answer to a write says. Raises: Uncertain for what cannot be read: it was not refused, after all."""
    try:
        return read(answer)
    except (Refused, LookupError, TypeError, AttributeError) as error:
        raise Uncertain("an answer that cannot be read") from error


def cents(value: Any) -> int:
    """Cents of an amount that a package says as a number or as text. Raises: Refused."""
    try:
        return int((Decimal(str(value)) * 100).to_integral_value())
    except (ArithmeticError, ValueError) as error:
        raise Refused("UNREADABLE_AMOUNT", str(value)) from error
