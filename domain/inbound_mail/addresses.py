"""Addresses that partners mail orders to: made, changed, replaced by another, and looked up when mail comes.

`session` is the platform's; what the actor may do is checked as the actor.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Contact
from domain.errors import DomainError, Faults, OutOfRange, Required, TooMany
from domain.inbound_mail import events
from domain.inbound_mail.errors import NotASender, PublicMailDomain, TooManyAddresses
from domain.inbound_mail.events import tell
from domain.inbound_mail.models import InboundAddress
from domain.rows import find
from domain.users.rights import entity_within, organization_within
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import clock
from tenants.settings import Settings

MOST_ADDRESSES = 10
MOST_SENDERS = 100
OVERLAP = timedelta(days=30)
LONGEST_OVERLAP = timedelta(days=365)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_RANDOM = 10
"""Letters and digits: 49 bits, so that nobody mails to an address that he was not told."""
_LOCAL_PART = re.compile(r"[a-z0-9-]{1,64}(\+[\x21-\x7e]{0,64})?")
_DOMAIN = re.compile(r"@[a-z0-9](?:[a-z0-9-]{0,62}\.){1,8}[a-z]{2,63}")
_PUBLIC = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.nl", "live.nl", "live.com", "msn.com"}
    | {"yahoo.com", "icloud.com", "me.com", "ziggo.nl", "kpnmail.nl", "planet.nl", "hetnet.nl", "xs4all.nl"}
    | {"home.nl", "casema.nl", "upcmail.nl", "telfort.nl", "proton.me", "protonmail.com", "gmx.com", "gmx.net"}
)
_CHANGED = ("active", "automatic", "answers", "language", "external_reading")


async def create(
    session: AsyncSession,
    actor: Actor,
    given: Mapping[str, Any],
    *,
    organization_id: UUID | None = None,
    entity_id: UUID | None = None,
) -> InboundAddress:
    """An address of a partner; a partner's own where none is named. Raises: DomainError, DomainErrors."""
    entity_id = await entity_within(session, actor, entity_id)
    partner = await organization_within(session, actor, organization_id, entity_id)
    if partner is None:
        raise Required(field=("organization_id",))
    values = _checked(given)
    await _require_room(session, entity_id, partner.id, MOST_ADDRESSES)
    made = InboundAddress(entity_id=entity_id, organization_id=partner.id, local_part=_local_part(partner), **values)
    session.add(made)
    await session.flush()
    await tell(session, made, events.InboundAddressCreated(organization_id=partner.id))
    return made


async def change(session: AsyncSession, actor: Actor, id: UUID, given: Mapping[str, Any]) -> InboundAddress:
    """Change what is given."""
    address = await mine(session, actor, id)
    for name, value in _checked(given).items():
        setattr(address, name, value)
    await session.flush()
    await tell(session, address, events.InboundAddressChanged())
    return address


async def rotate(
    session: AsyncSession, actor: Actor, id: UUID, previous_until: datetime | None = None
) -> InboundAddress:
    """Another address with the same settings; the one before takes mail until then, 30 days where nothing is said."""
    old = await mine(session, actor, id)
    await _require_room(session, old.entity_id, old.organization_id, 2 * MOST_ADDRESSES)
    partner = await session.get_one(Contact, old.organization_id)
    kept = {name: getattr(old, name) for name in (*_CHANGED, "allowed_senders")}
    made = InboundAddress(
        entity_id=old.entity_id,
        organization_id=old.organization_id,
        local_part=_local_part(partner),
        **{**kept, "active": True},
    )
    old.closes_at = min(filter(None, (_end_of_overlap(previous_until), old.closes_at)))
    session.add(made)
    await session.flush()
    await tell(session, made, events.InboundAddressCreated(organization_id=old.organization_id, replaces_id=old.id))
    await tell(session, old, events.InboundAddressClosing(closes_at=old.closes_at.isoformat(), replaced_by_id=made.id))
    return made


async def mine(session: AsyncSession, actor: Actor, id: UUID) -> InboundAddress:
    """The address, locked, where the actor sees it. Raises: NotFound."""
    async with acting_as(session, actor):
        await find(session, InboundAddress, id)
    return await find(session, InboundAddress, id, lock=True)


async def taking(session: AsyncSession, recipient: str, settings: Settings) -> InboundAddress | None:
    """The address of ours that takes mail to this recipient, `+` and what follows left out; None where none does."""
    local, _, domain = recipient.strip().lower().rpartition("@")
    if domain != settings.mail_domain or not _LOCAL_PART.fullmatch(local):
        return None
    query = select(InboundAddress).where(InboundAddress.local_part == local.partition("+")[0])
    found = await session.scalar(query)
    return found if found is not None and is_open(found) else None


def is_open(address: InboundAddress) -> bool:
    return address.active and (address.closes_at is None or address.closes_at > clock.now())


def allows(senders: Sequence[str], sender: str) -> bool:
    """Whether an address is one of these, or of one of these domains."""
    local, _, domain = sender.lower().rpartition("@")
    return bool(local) and (sender.lower() in senders or f"@{domain}" in senders)


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in given.items() if name in _CHANGED and value is not None}
    with Faults() as faults:
        if "language" in values:
            faults.take(lambda value: validation.choice(value, ("nl", "en")), values["language"], "language")
        senders = _senders(faults, given["allowed_senders"]) if given.get("allowed_senders") is not None else None
    return values if senders is None else {**values, "allowed_senders": senders}


def _senders(faults: Faults, given: Sequence[str]) -> list[str]:
    if len(given) > MOST_SENDERS:
        faults.add(TooMany(maximum=MOST_SENDERS, field=("allowed_senders",)))
        return []
    checked = [faults.take(_sender, each, "allowed_senders", index) for index, each in enumerate(given)]
    return sorted({each for each in checked if each})


def _sender(given: str) -> str:
    wanted = given.strip().lower()
    if wanted.startswith("@"):
        if not _DOMAIN.fullmatch(wanted):
            raise NotASender()
        if wanted[1:] in _PUBLIC:
            raise PublicMailDomain(domain=wanted[1:])
        return wanted
    try:
        return validation.email(wanted)
    except DomainError:
        raise NotASender() from None


async def _require_room(session: AsyncSession, entity_id: UUID, organization_id: UUID, most: int) -> None:
    """Of those that take mail; there may be twice as many while some are replaced."""
    of_the_partner = InboundAddress.organization_id == organization_id
    used = select(func.count()).where(InboundAddress.entity_id == entity_id, of_the_partner, InboundAddress.active)
    now = clock.now()
    used = used.where(InboundAddress.closes_at.is_(None) | (InboundAddress.closes_at > now))
    if (await session.execute(used)).scalar_one() >= most:
        raise TooManyAddresses(maximum=most)


def _local_part(partner: Contact) -> str:
    name = (partner.partner_code or partner.name or "").lower()
    words = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:20].strip("-")
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{words or 'orders'}-{drawn}"


def _end_of_overlap(asked: datetime | None) -> datetime:
    now = clock.now()
    until = asked or now + OVERLAP
    if until > now + LONGEST_OVERLAP:
        latest = (now + LONGEST_OVERLAP).isoformat()
        raise OutOfRange(minimum=now.isoformat(), maximum=latest, field=("previous_valid_until",))
    return max(until, now)
