"""HTTP with a provider: one place for addresses, time limits, sizes and when to ask again.

The address is a setting of the installation, never an input. Redirects are not followed and no proxy is asked. What a
provider answers is not logged: answers quote payers.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from domain.payments.providers.port import ProviderRefusal, ProviderUnreachable

SECONDS = 10.0
ATTEMPTS = 3
PAUSE_SECONDS = 0.3
"""Before the second attempt; each further one is twice as long, give or take a half."""
LONGEST_PAUSE = 3.0
"""A provider that asks for more is asked again later, by the job."""
MOST_BYTES = 1 << 20
LONGEST_DETAIL = 200
_AGAIN = frozenset({408, 409, 425, 429})
"""Below 500: an attempt of the same key is still running (409), or too many at once."""


class Caller:
    """Requests to one provider; all of them are safe to repeat: reads, or writes under an Idempotency-Key."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.AsyncClient(
            timeout=SECONDS, follow_redirects=False, trust_env=False, headers={"accept": "application/json", **headers}
        )

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        return await self._again("GET", path, params=dict(query or {}))

    async def post(
        self, path: str, key: str, *, json: Mapping[str, Any] | None = None, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """POST under an Idempotency-Key, as JSON or as a form."""
        body = {"content": orjson.dumps(json), "headers": {"content-type": "application/json"}} if json else {}
        given: dict[str, Any] = body or {"data": dict(form or {}), "headers": {}}
        given["headers"]["idempotency-key"] = key
        return await self._again("POST", path, **given)

    async def close(self) -> None:
        await self._client.aclose()

    async def _again(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._once(method, path, **given)
            except ProviderUnreachable as failed:
                pause = failed.after if failed.after is not None else PAUSE_SECONDS * 2 ** (attempt - 1)
                if attempt == ATTEMPTS or pause > LONGEST_PAUSE:
                    raise
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # spreads the attempts, no secret
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(SECONDS), self._client.stream(method, self._url + path, **given) as response:
                return _answer(response, await _read(response))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise ProviderUnreachable(type(error).__name__) from error


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ProviderUnreachable("the answer is too long")
    return bytes(body)


def _answer(response: httpx.Response, body: bytes) -> dict[str, Any]:
    status = response.status_code
    if status >= 500 or status in _AGAIN:
        raise ProviderUnreachable(f"HTTP {status}", _retry_after(response))
    found = _parsed(body)
    if not 200 <= status < 300:
        raise ProviderRefusal(status, _detail(found))
    if found is None:
        raise ProviderUnreachable("the answer is no JSON object")
    return found


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _detail(found: Mapping[str, Any] | None) -> str:
    """Mollie: `{title, detail, field}`; Stripe: `{error: {code, message, param}}`."""
    error = (found or {}).get("error")
    said = error if isinstance(error, dict) else found or {}
    text = said.get("detail") or said.get("message") or said.get("title") or ""
    return "".join(char for char in str(text) if char.isprintable())[:LONGEST_DETAIL]


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else None
