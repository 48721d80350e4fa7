"""The `free` service of PDOK Locatieserver v3_1, the geocoder of the Dutch address register (BAG).

A Solr interface: `q` is what is searched (terms are joined by OR and ranked), `fq` filters, `fl` names the fields of
the answer `{"response": {"numFound", "start", "maxScore", "numFoundExact", "docs": [...]}}`; `centroide_ll` is WKT with
the longitude first. Parameters: https://api.pdok.nl/bzk/locatieserver/search/v3_1/ui/, wiki of PDOK/locatieserver.
"""

import asyncio
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from domain.geo.location import Address, Exactness, Place, Point

TIMEOUT_SECONDS = 0.8
MAX_ANSWER_BYTES = 262_144
MAX_ROWS = 100
_MAX_TERM = 100
_FIELDS = (
    "type,straatnaam,straatnaam_verkort,huisnummer,huisletter,huisnummertoevoeging,postcode,woonplaatsnaam,"
    "gemeentenaam,provincienaam,centroide_ll"
)
_EXACTNESS = {"adres": Exactness.ADDRESS, "postcode": Exactness.POSTCODE, "weg": Exactness.STREET}
_POINT = re.compile(r"POINT ?\((-?[0-9]{1,3}(?:\.[0-9]{1,20})?) (-?[0-9]{1,3}(?:\.[0-9]{1,20})?)\)")
_NO_TERM = re.compile(r"[^\w]+")


class GeocoderFailed(Exception):
    """The service did not give an answer that can be used; `pause` is how many seconds it asks to be left alone."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched, and the filters on it."""

    q: str
    filters: tuple[str, ...]

    @property
    def key(self) -> str:
        return "|".join((self.q, *self.filters))

    @property
    def parameters(self) -> list[tuple[str, str | int | float | bool | None]]:
        return [("q", self.q), *(("fq", each) for each in self.filters), ("fl", _FIELDS), ("rows", MAX_ROWS)]


def question_about(address: Address) -> Question | None:
    """By postcode and house number, else by street and place; None where the address has neither."""
    if address.pc6:
        return _by_postcode(address.pc6, address.number.number if address.number else None)
    street, city = _terms(address.street), _terms(address.city)
    if not street or not city:
        return None
    number = f" {address.number.number}" if address.number else ""
    return Question(f"{street}{number} {city}", ("type:(adres OR weg)",))


def _by_postcode(pc6: str, number: int | None) -> Question:
    # The number only filters: whatever share of the terms the service wants to match, the postcode itself is found.
    kinds = "type:postcode" if number is None else f"type:postcode OR (type:adres AND huisnummer:{number})"
    return Question(pc6, (f"postcode:{pc6}", kinds))


def _terms(text: str) -> str:
    # Only words reach the query: punctuation is Solr's syntax, and its operators are capitals.
    return _NO_TERM.sub(" ", text[:_MAX_TERM]).strip().lower()


class Pdok:
    """The service at a base address such as https://api.pdok.nl/bzk/locatieserver/search/v3_1."""

    def __init__(self, url: str, client: httpx.AsyncClient | None = None) -> None:
        self._url = f"{url.rstrip('/')}/free"
        self._client = client or httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)

    async def ask(self, question: Question) -> list[Place]:
        """The places that match, best first; GeocoderFailed after 0.8 s at the latest."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                body = await self._get(question)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise GeocoderFailed(f"{type(error).__name__}: {error}") from error
        return places_in(body)

    async def _get(self, question: Question) -> bytes:
        async with self._client.stream("GET", self._url, params=question.parameters) as response:
            if response.status_code != httpx.codes.OK:
                raise GeocoderFailed(f"status {response.status_code}", _pause(response.headers))
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    raise GeocoderFailed(f"answer longer than {MAX_ANSWER_BYTES} bytes")
            return bytes(body)

    async def close(self) -> None:
        await self._client.aclose()


def _pause(headers: Mapping[str, str]) -> float:
    after = headers.get("retry-after", "")
    return float(min(int(after), 300)) if after.isascii() and after.isdigit() else 0.0


def places_in(body: bytes) -> list[Place]:
    """The places of an answer that have a point in the Netherlands; GeocoderFailed if it is no answer."""
    try:
        docs = orjson.loads(body)["response"]["docs"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise GeocoderFailed("not an answer of the free service") from error
    if not isinstance(docs, list) or not all(isinstance(doc, dict) for doc in docs):
        raise GeocoderFailed("docs is not a list of objects")
    return [place for doc in docs[:MAX_ROWS] if (place := _place(doc)) is not None]


def _place(doc: dict[str, Any]) -> Place | None:
    exactness, point = _EXACTNESS.get(_text(doc, "type")), _point(_text(doc, "centroide_ll"))
    if exactness is None or point is None:
        return None
    number = doc.get("huisnummer")
    return Place(
        exactness,
        point,
        street=_text(doc, "straatnaam"),
        short_street=_text(doc, "straatnaam_verkort"),
        number=number if type(number) is int else None,
        letter=_text(doc, "huisletter"),
        addition=_text(doc, "huisnummertoevoeging"),
        postcode=_text(doc, "postcode"),
        city=_text(doc, "woonplaatsnaam"),
        municipality=_text(doc, "gemeentenaam"),
        province=_text(doc, "provincienaam"),
    )


def _text(doc: dict[str, Any], name: str) -> str:
    value = doc.get(name)
    return value[:200].replace("\x00", "") if isinstance(value, str) else ""


def _point(wkt: str) -> Point | None:
    match = _POINT.fullmatch(wkt)
    if not match:
        return None
    point = Point(latitude=float(match[2]), longitude=float(match[1]))
    return point if math.isfinite(point.latitude) and point.in_netherlands else None
