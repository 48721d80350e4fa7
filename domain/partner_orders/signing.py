"""Signatures on requests of partners (N5): HMAC-SHA256 over time and raw body, with a secret that is shown once.

    chargecars-timestamp: 1790000000
    chargecars-signature: v1=<64 hexadecimal digits>          several, separated by a space, while secrets rotate

Signed is `timestamp + "." + body`, byte by byte as sent. Versions other than v1 are passed over.
"""

import hashlib
import hmac
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import OutOfRange
from domain.partner_orders import events
from domain.partner_orders.errors import SignatureExpired, SignatureInvalid, SignatureMalformed, SignatureRequired
from domain.partner_orders.models import PartnerIntegration, PartnerSigningSecret
from domain.rows import actor_of, find
from tenants.auth import clock
from tenants.auth.sealing import random_secret, seal, unseal
from tenants.settings import Settings

TIMESTAMP_HEADER = "chargecars-timestamp"
SIGNATURE_HEADER = "chargecars-signature"
WINDOW = timedelta(minutes=5)
OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=30)
_PURPOSE = "partner signing secret"
_PREFIX = "ccsig_"
_MOST_SIGNATURES = 8
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_PART = re.compile(r"(v[0-9]{1,2})=([0-9A-Za-z+/=_-]{1,200})")
_HEX = re.compile(r"[0-9a-f]{64}")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in clear, and the row it is of."""

    id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class Made:
    """A new secret; it cannot be shown again."""

    row: PartnerSigningSecret
    secret: str


def sign(secret: str, at: datetime, body: bytes) -> dict[str, str]:
    """The two headers of a request that is sent at that moment."""
    timestamp = str(math.floor(at.timestamp()))
    return {TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: f"v1={_digest(secret, timestamp, body)}"}


def verify(
    secrets: Sequence[Secret], timestamp: str | None, signature: str | None, body: bytes, now: datetime
) -> Secret:
    """The secret that signed. Raises: SignatureRequired, SignatureMalformed, SignatureExpired, SignatureInvalid."""
    if not timestamp or not signature:
        raise SignatureRequired()
    given = _given(timestamp, signature)
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise SignatureExpired(minutes=int(WINDOW.total_seconds() // 60), now=now.isoformat(timespec="seconds"))
    found: Secret | None = None
    for secret in secrets:  # all of them: the time says nothing of which one it was
        expected = _digest(secret.text, timestamp, body)
        if any([hmac.compare_digest(expected, each) for each in given]) and found is None:
            found = secret
    if found is None:
        raise SignatureInvalid()
    return found


async def secrets_of(session: AsyncSession, settings: Settings, integration: PartnerIntegration) -> list[Secret]:
    """The secrets that hold now, the newest first. For the system."""
    query = (
        select(PartnerSigningSecret)
        .where(PartnerSigningSecret.integration_id == integration.id)
        .where(or_(PartnerSigningSecret.valid_until.is_(None), PartnerSigningSecret.valid_until > clock.now()))
        .order_by(PartnerSigningSecret.created_at.desc(), PartnerSigningSecret.id.desc())
    )
    rows = (await session.execute(query)).scalars()
    return [Secret(row.id, unseal(settings, _PURPOSE, str(row.id), row.secret).decode()) for row in rows]


async def rotate(
    session: AsyncSession, settings: Settings, integration: PartnerIntegration, until: datetime | None = None
) -> Made:
    """A new secret, shown once; those before hold until then, by default a day. Now: they were stolen. For the system.

    Raises: OutOfRange.
    """
    end = _end_of_overlap(until)
    before = update(PartnerSigningSecret).where(
        PartnerSigningSecret.integration_id == integration.id,
        or_(PartnerSigningSecret.valid_until.is_(None), PartnerSigningSecret.valid_until > end),
    )
    replaced = (await session.execute(before.values(valid_until=end).returning(PartnerSigningSecret.id))).all()
    made = await _insert(session, settings, integration)
    organization = await find(session, Contact, integration.organization_id)
    payload = events.SigningSecretRotated(end.isoformat() if replaced else None)
    await events.tell_integration(session, integration, payload, organization.channel_organization_ids)
    return made


async def used(session: AsyncSession, id: UUID) -> None:
    """Note that a secret signed, once a minute at most. For the system."""
    stale = or_(PartnerSigningSecret.last_used_at.is_(None), PartnerSigningSecret.last_used_at < clock.now() - _MINUTE)
    note = update(PartnerSigningSecret).where(PartnerSigningSecret.id == id, stale)
    await session.execute(note.values(last_used_at=clock.now()))


async def _insert(session: AsyncSession, settings: Settings, integration: PartnerIntegration) -> Made:
    id = (await session.execute(select(func.uuidv7()))).scalar_one()
    secret = _PREFIX + random_secret()
    row = PartnerSigningSecret(
        id=id,
        entity_id=integration.entity_id,
        organization_id=integration.organization_id,
        integration_id=integration.id,
        hint=secret[-4:],
        secret=seal(settings, _PURPOSE, str(id), secret.encode()),
        created_by_user_id=actor_of(session).user_id,
    )
    session.add(row)
    await session.flush()
    return Made(row, secret)


def _end_of_overlap(until: datetime | None) -> datetime:
    now = clock.now()
    end = until or now + OVERLAP
    if end > now + LONGEST_OVERLAP:
        latest = (now + LONGEST_OVERLAP).isoformat(timespec="minutes")
        raise OutOfRange(minimum=now.isoformat(timespec="minutes"), maximum=latest, field=("previous_until",))
    return max(end, now)


def _given(timestamp: str, signature: str) -> list[str]:
    """The v1 signatures of the header."""
    parts = [_PART.fullmatch(part) for part in signature.split(" ") if part]
    found = [match[2] for match in parts if match and match[1] == "v1"]
    whole = all(parts) and len(parts) <= _MOST_SIGNATURES and all(_HEX.fullmatch(each) for each in found)
    if not _TIMESTAMP.fullmatch(timestamp) or not whole or not found:
        raise SignatureMalformed()
    return found


def _digest(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
