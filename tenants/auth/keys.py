"""The keys that sign access tokens: encrypted at rest, replaced every 90 days, announced before they sign."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.auth.memory import Memory
from tenants.auth.models import SigningKey
from tenants.auth.sealing import seal, unseal
from tenants.engine import Database
from tenants.settings import Settings

SIGNS_FOR = timedelta(days=90)
ANNOUNCED_BEFORE = timedelta(hours=1)
"""Others may keep our JWKS this long."""
_STILL_VERIFIES = timedelta(hours=1, minutes=5)
"""The longest life of an access token, and clocks that differ."""
_PURPOSE = "signing key"
_ONE_AT_A_TIME = 0x6B_6579_73  # an arbitrary constant: the advisory lock of making a key
_KEYS: Memory[str, "SigningKeys"] = Memory(60.0)
_KEYS_AFTER_UNKNOWN: Memory[str, "SigningKeys"] = Memory(5.0)


@dataclass(frozen=True)
class Key:
    """One key in the time it is used; `private` is absent once it no longer signs."""

    kid: str
    public: ECKey
    private: ECKey | None
    signs_from: datetime
    signs_until: datetime
    verifies_until: datetime


@dataclass(frozen=True)
class SigningKeys:
    """The keys that sign or verify now or soon, oldest first."""

    all: tuple[Key, ...]

    def signing(self) -> Key:
        """The key to sign with now."""
        now = clock.now()
        return next(k for k in reversed(self.all) if k.signs_from <= now < k.signs_until and k.private)

    def verifying(self, kid: object) -> ECKey | None:
        """The key of this id, where it still verifies."""
        now = clock.now()
        return next((key.public for key in self.all if key.kid == kid and now < key.verifies_until), None)

    def jwks(self) -> dict[str, Any]:
        """RFC 7517: the public keys."""
        return {"keys": [key.public.as_dict(private=False) for key in self.all]}

    def suffice(self) -> bool:
        """Whether one signs now, and one will when it stops."""
        now = clock.now()
        signs = any(key.signs_from <= now < key.signs_until for key in self.all)
        return signs and any(key.signs_until > now + ANNOUNCED_BEFORE for key in self.all)


async def signing_keys(database: Database, settings: Settings) -> SigningKeys:
    """The keys, read at most once a minute; makes the next one when it is due."""
    keys = await _KEYS.get(database, "", lambda: _load(database, settings))
    return keys if keys.suffice() else await _load_anew(database, settings)


async def verification_key(database: Database, settings: Settings, kid: object) -> ECKey | None:
    """The public key with this id; one that another process has just made is found too, asked at most every 5 s."""
    if found := (await signing_keys(database, settings)).verifying(kid):
        return found
    keys = await _KEYS_AFTER_UNKNOWN.get(database, "", lambda: _load(database, settings))
    return keys.verifying(kid)


async def rotate(session: AsyncSession, settings: Settings, *, compromised: bool = False) -> str:
    """Sign with a new key from now on; tokens of the old ones run out, or are void at once where compromised."""
    now = clock.now()
    until = now if compromised else now + _STILL_VERIFIES
    await session.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
    old = update(SigningKey).where(SigningKey.verifies_until > until)
    await session.execute(old.values(signs_until=now, verifies_until=until))
    return await _add(session, settings, now)


def forget(database: Database) -> None:
    """Read the keys again next time, in this process."""
    _KEYS.forget(database)
    _KEYS_AFTER_UNKNOWN.forget(database)


async def _load_anew(database: Database, settings: Settings) -> SigningKeys:
    _KEYS.forget(database)
    return await _KEYS.get(database, "", lambda: _load(database, settings))


async def _load(database: Database, settings: Settings) -> SigningKeys:
    async with database.session(SYSTEM) as session:
        keys = await _read(session, settings)
        if keys.suffice():
            return keys
        await session.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
        keys = await _read(session, settings)
        if not keys.suffice():
            await _add(session, settings, max((clock.now(), *(key.signs_until for key in keys.all))))
        return await _read(session, settings)


async def _read(session: AsyncSession, settings: Settings) -> SigningKeys:
    query = select(SigningKey).where(SigningKey.verifies_until > clock.now()).order_by(SigningKey.signs_from)
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return SigningKeys(tuple(_opened(settings, row) for row in rows))


def _opened(settings: Settings, row: SigningKey) -> Key:
    private = None
    if row.signs_until > clock.now():
        private = ECKey.import_key(unseal(settings, _PURPOSE, row.kid, row.private_key), {"kid": row.kid})
    public = ECKey.import_key(row.public_jwk)
    return Key(row.kid, public, private, row.signs_from, row.signs_until, row.verifies_until)


async def _add(session: AsyncSession, settings: Settings, signs_from: datetime) -> str:
    made = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    kid = str(made.kid)
    row = SigningKey(
        kid=kid,
        public_jwk=made.as_dict(private=False),
        private_key=seal(settings, _PURPOSE, kid, made.as_bytes(encoding="DER", private=True)),
        signs_from=signs_from,
        signs_until=signs_from + SIGNS_FOR,
        verifies_until=signs_from + SIGNS_FOR + _STILL_VERIFIES,
    )
    session.add(row)
    await session.flush()
    return kid
