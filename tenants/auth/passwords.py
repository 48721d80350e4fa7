"""Passwords: Argon2id, hashed beside the event loop, with the same work for an account that does not exist."""

import asyncio
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

MINIMUM = 12
MAXIMUM = 200
_HASH = PasswordHash((Argon2Hasher(),))
_AT_ONCE = 4
"""Each verification takes 64 MiB."""
_GATES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
P = ParamSpec("P")
T = TypeVar("T")


async def hash_password(password: str) -> str:
    """The Argon2id hash to keep."""
    return await _run(_HASH.hash, _normal(password))


async def verify_password(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether it is the password, and its hash anew where the parameters have changed since.

    Without a kept hash the work is the same and the answer no.
    """
    right, anew = await _run(_verify, _normal(password), kept or _hash_of_nobody())
    return (right, anew) if kept else (False, None)


def weakness(password: str, *known: str) -> str | None:
    """Why a new password is refused: TOO_SHORT, TOO_LONG or TOO_EASY (made of what is known of the person)."""
    if len(password) < MINIMUM:
        return "TOO_SHORT"
    if len(password) > MAXIMUM:
        return "TOO_LONG"
    return "TOO_EASY" if _is_easy(password.lower(), [text.lower() for text in known]) else None


def _is_easy(password: str, known: list[str]) -> bool:
    """Few different characters, or little beside a name, an address or a common word."""
    rest = password
    for word in (*known, *(part for text in known for part in text.replace("@", " ").split()), *_COMMON):
        if len(word) >= 4:
            rest = rest.replace(word, "")
    letters = "".join(character for character in rest if not character.isdigit())
    return len(set(password)) < 6 or len(rest) < 5 or (rest != password and len(letters) < 3)


_COMMON = (
    "password",
    "wachtwoord",
    "welkom",
    "welcome",
    "qwerty",
    "azerty",
    "letmein",
    "123456",
    "abcdef",
    "chargecars",
)


def _normal(password: str) -> str:
    """NFKC, so that a password typed on another keyboard is the same one (RFC 8265)."""
    return unicodedata.normalize("NFKC", password[: MAXIMUM * 4])


def _verify(password: str, kept: str) -> tuple[bool, str | None]:
    try:
        return _HASH.verify_and_update(password, kept)
    except UnknownHashError:
        return False, None


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return _HASH.hash("the password of nobody")


async def _run(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    async with _gate():
        return await asyncio.to_thread(work, *args, **kwargs)


def _gate() -> asyncio.Semaphore:
    """One per event loop."""
    return _GATES.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))
