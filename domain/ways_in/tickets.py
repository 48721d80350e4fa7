"""What a form's page carries around, sealed: nothing is kept for a visitor, and no cookie is set.

A ticket belongs to one page that was shown and to whoever it was shown to: posting it twice is one order.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from domain.jobs import actors
from tenants.actor import Actor
from tenants.auth import clock
from tenants.auth.sealing import CannotUnseal, seal, unseal
from tenants.settings import Settings

TICKET_HOLDS = timedelta(hours=24)
LINK_HOLDS = timedelta(hours=1)
_LONGEST = 4_000
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NUMBER = 12


class TicketInvalid(Exception):
    """It is not ours, of another form, or its time is over."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One showing of a form; `number` is the order's where the partner gives none."""

    number: str


def new_ticket(settings: Settings, form_id: UUID) -> str:
    """For a page that is about to be shown."""
    number = "".join(secrets.choice(_DIGITS) for _ in range(_NUMBER))
    return _sealed(settings, "form ticket", form_id, {"number": number}, clock.now() + TICKET_HOLDS)


def open_ticket(settings: Settings, form_id: UUID, text: str) -> Ticket:
    """Raises: TicketInvalid."""
    return Ticket(str(_opened(settings, "form ticket", form_id, text)["number"]))


def new_link(settings: Settings, form_id: UUID, actor: Actor) -> str:
    """Lets whoever has it fill the form in as this user, for an hour and while the user keeps its rights."""
    return _sealed(settings, "form link", form_id, {"actor": actors.written(actor)}, clock.now() + LINK_HOLDS)


def open_link(settings: Settings, form_id: UUID, text: str) -> Actor:
    """The user as it was; ask `domain.jobs.actors.standing` what it may now. Raises: TicketInvalid."""
    try:
        return actors.read(_opened(settings, "form link", form_id, text)["actor"])
    except (ValueError, KeyError) as error:
        raise TicketInvalid() from error


def new_receipt(settings: Settings, form_id: UUID, told: dict[str, Any]) -> str:
    """What the confirmation shows, so that loading it again sends nothing."""
    return _sealed(settings, "form receipt", form_id, told, clock.now() + TICKET_HOLDS)


def open_receipt(settings: Settings, form_id: UUID, text: str) -> dict[str, Any]:
    """Raises: TicketInvalid."""
    return _opened(settings, "form receipt", form_id, text)


def _sealed(settings: Settings, purpose: str, form_id: UUID, told: dict[str, Any], until: datetime) -> str:
    plain = orjson.dumps(told | {"until": until.timestamp()})
    return base64.urlsafe_b64encode(seal(settings, purpose, str(form_id), plain)).rstrip(b"=").decode()


def _opened(settings: Settings, purpose: str, form_id: UUID, text: str) -> dict[str, Any]:
    if not text or len(text) > _LONGEST or not text.isascii():
        raise TicketInvalid()
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        told: dict[str, Any] = orjson.loads(unseal(settings, purpose, str(form_id), sealed))
    except (ValueError, CannotUnseal) as error:
        raise TicketInvalid() from error
    if told["until"] < clock.now().timestamp():
        raise TicketInvalid()
    return told
