"""The second factor: time-based codes (RFC 6238) that work once, and recovery codes."""

import hmac
import secrets
from dataclasses import dataclass

import pyotp
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.auth import clock
from tenants.auth.sealing import fingerprint, seal, unseal
from tenants.models import UserAccount
from tenants.settings import Settings

_PURPOSE = "second factor"
_STEP = 30
_DRIFT = 1
_RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app needs; shown once."""

    secret: str
    uri: str


async def locked(session: AsyncSession, user_id: object) -> UserAccount:
    """The user, locked, so that a code cannot be used twice at the same moment."""
    query = select(UserAccount).where(UserAccount.id == user_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


def is_on(user: UserAccount) -> bool:
    """Whether a login needs the second factor."""
    return user.totp_confirmed_at is not None


def enrol(settings: Settings, user: UserAccount, issuer: str) -> Enrolment:
    """A new secret, not in force until a code of it was confirmed. The user is locked, its factor not on."""
    secret = pyotp.random_base32()
    user.totp_secret = seal(settings, _PURPOSE, str(user.id), secret.encode())
    user.totp_last_step = None
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=issuer)
    return Enrolment(secret, uri)


def confirm(settings: Settings, user: UserAccount, code: str) -> list[str] | None:
    """Turn the factor on with its first code; the recovery codes, shown once, or None for a wrong code."""
    if not check_code(settings, user, code):
        return None
    user.totp_confirmed_at = clock.now()
    codes = [_recovery_code() for _ in range(_RECOVERY_CODES)]
    user.recovery_code_hashes = [fingerprint(_plain(code)) for code in codes]
    return codes


def turn_off(user: UserAccount) -> None:
    """Forget the secret and the recovery codes."""
    user.totp_secret = user.totp_confirmed_at = user.totp_last_step = None
    user.recovery_code_hashes = []


def check_code(settings: Settings, user: UserAccount, code: str) -> bool:
    """Whether it is the code of this time step or a neighbour; each step is accepted once. The user is locked."""
    if user.totp_secret is None:
        return False
    totp = pyotp.TOTP(unseal(settings, _PURPOSE, str(user.id), user.totp_secret).decode())
    now = int(clock.now().timestamp()) // _STEP
    given = "".join(code.split())
    matching = [step for step in range(now - _DRIFT, now + _DRIFT + 1) if _same(totp.generate_otp(step), given)]
    fresh = [step for step in matching if user.totp_last_step is None or step > user.totp_last_step]
    if fresh:
        user.totp_last_step = max(fresh)
    return bool(fresh)


def check_any(settings: Settings, user: UserAccount, code: str) -> bool:
    """Like `check_code`; a recovery code is accepted too, and used up."""
    return check_code(settings, user, code) or _use_recovery_code(user, code)


def _use_recovery_code(user: UserAccount, code: str) -> bool:
    given = fingerprint(_plain(code))
    kept = [known for known in user.recovery_code_hashes if not _same(known, given)]
    used = len(kept) < len(user.recovery_code_hashes)
    if used:
        user.recovery_code_hashes = kept
    return used


def _recovery_code() -> str:
    """79 bits: too many to find from a hash that leaked, few enough to type."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
