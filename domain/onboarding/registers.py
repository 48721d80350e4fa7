"""Looking a company up: the Handelsregister of the KvK and VIES of the European Commission, over HTTP.

Where no address is configured nobody is asked: the digits were checked when they were given, and a person has to look.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx
from rapidfuzz import fuzz

from domain.onboarding.criteria import Register
from tenants.settings import Settings

_SECONDS = 10.0
_MOST_BYTES = 256 * 1024
_SAME_NAME = 85.0
"""Of 100, by the words of both names in any order."""
_FORMS = re.compile(r"\b(b\.?v\.?|n\.?v\.?|v\.?o\.?f\.?|c\.?v\.?|holding|groep|group|nederland)(?=\W|$)")


class Outcome(StrEnum):
    """What a register says."""

    FOUND = "FOUND"
    """It knows the number, under a name like the one given."""
    OTHER_NAME = "OTHER_NAME"
    """It knows the number under another name."""
    ENDED = "ENDED"
    """It knew the number; the company ended."""
    UNKNOWN = "UNKNOWN"
    """It does not know the number."""
    NOT_CONFIGURED = "NOT_CONFIGURED"
    NOT_GIVEN = "NOT_GIVEN"
    """There is no number to ask about."""


class Unreachable(Exception):
    """The register does not answer, or not as it should: ask later."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a register says, and the name it has."""

    outcome: Outcome
    name: str = ""

    def detail(self, register: Register, number: str | None) -> dict[str, Any]:
        """For the step that it decides."""
        return {"register": register.value, "number": number, "outcome": self.outcome.value, "name": self.name}


async def look_up(settings: Settings, register: Register, number: str | None, name: str) -> Found:
    """What the register says of a number in its normal form and a company's name. Raises: Unreachable."""
    if not number:
        return Found(Outcome.NOT_GIVEN)
    return await (_kvk if register is Register.KVK else _vies)(settings, number, name)


async def _kvk(settings: Settings, number: str, name: str) -> Found:
    """Basisprofiel v1: GET {url}/v1/basisprofielen/{number}, header `apikey`; 404 where there is none."""
    if not settings.kvk_url:
        return Found(Outcome.NOT_CONFIGURED)
    headers = {"apikey": settings.kvk_key.get_secret_value()}
    answer = await _ask("GET", f"{settings.kvk_url}/v1/basisprofielen/{number}", headers=headers)
    if answer is None:
        return Found(Outcome.UNKNOWN)
    names = [str(answer.get(key) or "") for key in ("naam", "statutaireNaam")]
    names += [str(each.get("naam", "")) for each in answer.get("handelsnamen") or () if isinstance(each, Mapping)]
    ended = bool((answer.get("materieleRegistratie") or {}).get("datumEinde"))
    if ended:
        return Found(Outcome.ENDED, names[0])
    return _compared([each for each in names if each], name)


async def _vies(settings: Settings, number: str, name: str) -> Found:
    """VIES REST: POST {url}/check-vat-number; `valid`, and the name where the member state gives it."""
    if not settings.vies_url:
        return Found(Outcome.NOT_CONFIGURED)
    body = {"countryCode": number[:2], "vatNumber": number[2:]}
    answer = await _ask("POST", f"{settings.vies_url}/check-vat-number", json=body)
    if answer is None or not isinstance(answer.get("valid"), bool):
        raise Unreachable("VIES gave no answer")  # a member state that is down answers with an error of its own
    if not answer["valid"]:
        return Found(Outcome.UNKNOWN)
    given = str(answer.get("name") or "").strip()
    return Found(Outcome.FOUND) if given in ("", "---") else _compared([given], name)


def _compared(names: list[str], name: str) -> Found:
    if not names:
        return Found(Outcome.FOUND)
    alike = max(names, key=lambda each: likeness(each, name))
    return Found(Outcome.FOUND if likeness(alike, name) >= _SAME_NAME else Outcome.OTHER_NAME, alike[:200])


def likeness(one: str, other: str) -> float:
    """How alike two names of companies are, 0 to 100; legal forms, accents and the order of words say nothing."""
    return float(fuzz.token_sort_ratio(_plain(one), _plain(other)))


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    without = _FORMS.sub(" ", letters)
    kept = re.sub(r"[^a-z0-9]+", " ", without).strip()
    return kept or re.sub(r"[^a-z0-9]+", " ", letters).strip()


async def _ask(method: str, url: str, **more: Any) -> dict[str, Any] | None:
    """The JSON object that was answered, None for 404."""
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client:
            answer = await client.request(method, url, **more)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        found = answer.json() if len(answer.content) <= _MOST_BYTES else None
    except (httpx.HTTPError, ValueError) as error:
        raise Unreachable(type(error).__name__) from error
    if not isinstance(found, dict):
        raise Unreachable("no JSON object")
    return found
