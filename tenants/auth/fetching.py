"""Fetching from an address that an administrator entered, without letting it reach our own network.

The name is resolved here, every address it stands for has to be public, and the connection goes to the address that was
checked: a name that changes its mind between check and use gains nothing. Redirects are not followed.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from tenants.settings import Settings

_SECONDS = 5.0
_MOST_BYTES = 512 * 1024
_LOCAL = ("localhost", "127.0.0.1", "::1")


class FetchError(Exception):
    """The address may not be asked, does not answer, or answers something else than JSON."""


async def fetch_json(
    settings: Settings,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """The JSON object at a URL, by GET, or by POST of a form. Raises FetchError."""
    pinned, host = await _pinned(settings, url)
    headers = {"Host": host, "Accept": "application/json"}
    extensions = {"sni_hostname": urlsplit(url).hostname or ""}
    try:
        async with asyncio.timeout(_SECONDS), _client() as client:
            method = "GET" if form is None else "POST"
            made = client.build_request(method, pinned, data=form, headers=headers, extensions=extensions)
            return await _read(client, made, auth)
    except (httpx.HTTPError, TimeoutError, ValueError) as error:
        raise FetchError(f"{type(error).__name__} from {host}") from error


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_SECONDS, trust_env=False, verify=_tls())


async def _read(client: httpx.AsyncClient, request: httpx.Request, auth: tuple[str, str] | None) -> dict[str, Any]:
    answer = await client.send(request, auth=auth or httpx.USE_CLIENT_DEFAULT, stream=True)
    try:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise FetchError("the answer is too long")
    finally:
        await answer.aclose()
    if answer.status_code != 200:
        raise FetchError(f"status {answer.status_code}")
    found = orjson.loads(bytes(body))
    if not isinstance(found, dict):
        raise FetchError("the answer is not a JSON object")
    return found


async def _pinned(settings: Settings, url: str) -> tuple[str, str]:
    """The URL with the address in place of the name, and the Host header of the original."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise FetchError("not a URL") from error
    local = not settings.production and host in _LOCAL
    if (parts.scheme != "https" and not (local and parts.scheme == "http")) or parts.username is not None or not host:
        raise FetchError("only https is asked")
    address = await _resolve(host, port, local=local)
    literal = f"[{address}]" if ":" in address else address
    return parts._replace(netloc=f"{literal}:{port}", fragment="").geturl(), parts.netloc


async def _resolve(host: str, port: int, *, local: bool) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchError("the name is not known") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_may_be_asked(address, local=local) for address in addresses):
        raise FetchError("the address is not public")
    return addresses[0]


def _may_be_asked(address: str, *, local: bool) -> bool:
    parsed = ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return bool(mapped.is_loopback if local else mapped.is_global and not mapped.is_multicast)
