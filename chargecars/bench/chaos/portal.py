"""Somebody at a portal: logs in anew when it has to, and asks until it is answered, with one key per change."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

_FRESH_SECONDS = 300.0
_PAUSE_SECONDS = 0.3


class Refused(Exception):
    """The platform answered, and the answer is no."""


@dataclass
class Portal:
    """One login at the API's port. What fails on its way is sent again with the same Idempotency-Key."""

    port: int
    host: str
    email: str
    password: str
    retries: int = 0
    _token: str = ""
    _since: float = field(default=-_FRESH_SECONDS, repr=False)

    def __post_init__(self) -> None:
        headers = {"host": f"{self.host}:{self.port}"}
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=10)

    async def token(self) -> str:
        """A token that lasts for some minutes. Raises: httpx.HTTPError."""
        if time.monotonic() - self._since >= _FRESH_SECONDS:
            answer = await self.http.post("/auth/login", json={"email": self.email, "password": self.password})
            answer.raise_for_status()
            self._token, self._since = answer.json()["access_token"], time.monotonic()
        return self._token

    async def ask(self, document: str, **variables: Any) -> Any:
        """The data of an operation, however long it takes. Raises: Refused."""
        key = str(uuid4())
        while True:
            try:
                return await self._once(key, document, variables)
            except (httpx.HTTPError, ValueError):
                self.retries += 1
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _once(self, key: str, document: str, variables: dict[str, Any]) -> Any:
        headers = {"authorization": f"Bearer {await self.token()}", "idempotency-key": key}
        answer = await self.http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._since = -_FRESH_SECONDS
        answer.raise_for_status()
        body = answer.json()
        if any((error.get("extensions") or {}).get("code") not in PASSING for error in body.get("errors", ())):
            raise Refused(str(body["errors"])[:500])
        if body.get("errors"):
            raise ValueError("answered with an error that passes")
        return body["data"]


PASSING = ("INTERNAL", "UNAVAILABLE", "TIMEOUT", "BUDGET_EXHAUSTED")
"""Codes of errors that are the machine's and not the request's."""
