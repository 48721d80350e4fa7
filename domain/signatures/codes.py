"""A code by mail that proves, at the moment of signing, that the signer reads the mail of its account.

A code is for one quote and one account, works once, for ten minutes and five attempts. All of it runs as the system;
that the actor sees the quote has been checked before.
"""

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import language_of
from domain.mail.service import queue_mail
from domain.signatures.errors import SigningCodeInvalid
from tenants.auth import clock
from tenants.auth.models import CodePurpose, OneTimeCode
from tenants.auth.sealing import peppered
from tenants.settings import Settings

DIGITS = 8
MINUTES = 10
ATTEMPTS = 5
_PURPOSE = "signing code"


async def ask(
    session: AsyncSession,
    settings: Settings,
    *,
    entity_id: UUID,
    quote_id: UUID,
    quote_number: str,
    email: str,
    language: str,
    host: str,
) -> None:
    """Mail a code; one that was mailed before stops working."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    kept = OneTimeCode(
        entity_id=entity_id,
        email=email,
        purpose=CodePurpose.SIGNING.value,
        code_hash=_hash(settings, email, quote_id, code),
        expires_at=clock.now() + timedelta(minutes=MINUTES),
    )
    session.add(kept)
    subject, body = _letter(language, quote_number, code)
    await queue_mail(session, entity_id=entity_id, to=email, subject=subject, body=body, host=host, secret=True)


async def check(
    session: AsyncSession, settings: Settings, *, entity_id: UUID, quote_id: UUID, email: str, code: str
) -> UUID | None:
    """The id of the code if it is right; the attempt counts also when it is not, so commit before refusing."""
    query = (
        select(OneTimeCode)
        .where(OneTimeCode.entity_id == entity_id, OneTimeCode.email == email)
        .where(OneTimeCode.purpose == CodePurpose.SIGNING)
        .order_by(OneTimeCode.created_at.desc(), OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    kept = (await session.execute(query)).scalar_one_or_none()
    if kept is None or kept.used_at is not None or kept.expires_at <= clock.now() or kept.attempts >= ATTEMPTS:
        return None
    kept.attempts += 1
    matches = hmac.compare_digest(kept.code_hash, _hash(settings, email, quote_id, "".join(code.split())))
    return kept.id if matches else None


async def use(session: AsyncSession, code_id: UUID) -> None:
    """Use up a code that `check` found right, in the transaction of the signature."""
    used = update(OneTimeCode).where(OneTimeCode.id == code_id, OneTimeCode.used_at.is_(None))
    used = used.values(used_at=clock.now()).returning(OneTimeCode.id)
    if (await session.execute(used)).first() is None:
        raise SigningCodeInvalid(field=("code",))


def _hash(settings: Settings, email: str, quote_id: UUID, code: str) -> str:
    return peppered(settings, _PURPOSE, email, str(quote_id), code)


def _letter(language: str, number: str, code: str) -> tuple[str, str]:
    if language_of(language) == "en":
        return (
            f"Your code to sign quote {number}",
            f"Your code to sign quote {number} is {code}.\n\nIt works once, for {MINUTES} minutes. "
            "We never ask for this code by telephone. Did you not ask for it? Then do not sign, and tell us.",
        )
    return (
        f"Uw code om offerte {number} te ondertekenen",
        f"Uw code om offerte {number} te ondertekenen is {code}.\n\nDe code werkt één keer, {MINUTES} minuten lang. "
        "Wij vragen nooit telefonisch naar deze code. Heeft u hem niet aangevraagd? Onderteken dan niet en laat het "
        "ons weten.",
    )
