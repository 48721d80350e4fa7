"""Routing services: three protocols behind one interface, asked for a block of drives at a time."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import numpy as np
import orjson
from numpy.typing import NDArray

from domain.geo.location import Point

TIMEOUT_SECONDS = 8.0
MAX_ANSWER_BYTES = 4_194_304
ATTEMPTS = 3
RETRY_SECONDS = 0.25
"""Before the second attempt; each further wait is twice as long, give or take a half."""

Numbers = NDArray[np.float64]


class TravelFailed(Exception):
    """The service did not give an answer that can be used; `pause` is how many seconds it asks to be left alone."""

    def __init__(self, reason: str, pause: float = 0.0, *, again: bool = False) -> None:
        super().__init__(reason)
        self.pause = pause
        self.again = again
        """Whether another attempt may help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service says, origins x destinations; NaN where it knows no way."""

    seconds: Numbers
    metres: Numbers

    def of_size(self, origins: int, destinations: int) -> "Answer":
        """Itself; TravelFailed if rows or columns are missing."""
        if {self.seconds.shape, self.metres.shape} != {(origins, destinations)}:
            raise TravelFailed(f"answer of {self.seconds.shape} for {origins} x {destinations}")
        return self


class Service(Protocol):
    """A provider of drive times."""

    name: str
    side: int
    """Most origins, and most destinations, of one question."""
    most_drives: int
    """Most drives that one matrix asks for, unless the settings say otherwise."""

    async def table(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Answer:
        """All drives from the origins to the destinations; TravelFailed."""

    async def close(self) -> None:
        """Let go of connections."""


class Asker:
    """One provider's HTTP: bounded in time and size, asked again where that may help."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, headers=dict(headers or {}))

    async def get(self, path: str) -> Any:
        return await self._again("GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._again("POST", path, orjson.dumps(body))

    async def close(self) -> None:
        await self._client.aclose()

    async def _again(self, method: str, path: str, body: bytes | None) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _decoded(await self._once(method, path, body))
            except TravelFailed as failure:
                if not failure.again or attempt == ATTEMPTS:
                    raise
            await asyncio.sleep(RETRY_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, method: str, path: str, body: bytes | None) -> bytes:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._sent(method, path, body)
        except TimeoutError as error:
            # It is busy: asking again would make it busier.
            raise TravelFailed("no answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TravelFailed(f"{type(error).__name__}: {error}", again=True) from error

    async def _sent(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"content-type": "application/json"} if body else {}
        async with self._client.stream(method, self._url + path, content=body, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise _refused(response)
            read = bytearray()
            async for part in response.aiter_bytes():
                read += part
                if len(read) > MAX_ANSWER_BYTES:
                    raise TravelFailed(f"answer longer than {MAX_ANSWER_BYTES} bytes")
            return bytes(read)


def _refused(response: httpx.Response) -> TravelFailed:
    after = response.headers.get("retry-after", "")
    pause = float(min(int(after), 300)) if after.isascii() and after.isdigit() else 0.0
    return TravelFailed(f"status {response.status_code}", pause, again=response.status_code >= 500 and not pause)


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise TravelFailed("not JSON") from error


def numbers(rows: Any) -> Numbers:
    """A table of numbers and nulls; TravelFailed for anything else."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise TravelFailed("not a table")
    if not all(cell is None or type(cell) in (int, float) for row in rows for cell in row):
        raise TravelFailed("not a table of numbers")
    try:
        return np.array(rows, np.float64).reshape(len(rows), -1)
    except (ValueError, OverflowError) as error:
        raise TravelFailed("rows of different length") from error
