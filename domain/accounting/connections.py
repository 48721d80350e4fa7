"""Connections: their credentials, their state, and whose turn it is to talk to an administration."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.accounting import events
from domain.accounting.errors import (
    AdministrationFixed,
    ConnectionExists,
    ConnectionNotActive,
    CredentialsRequired,
    NotInCatalogue,
    SinceClosed,
    UnknownMapping,
)
from domain.accounting.mapping import DEFAULT, VAT_KEYS, AccountMapping
from domain.accounting.models import AccountingConnection, AccountingPackage, AccountingRecord, ConnectionState
from domain.errors import AlreadyExists
from domain.events.record import record
from domain.jobs.service import enqueue
from domain.ledger.models import AccountRole
from domain.numbering.service import AMSTERDAM
from domain.rows import find
from domain.unique import refusing_taken
from tenants.auth.sealing import seal, unseal
from tenants.models import BusinessEntity
from tenants.settings import Settings

QUEUE = "accounting"
TEST_JOB, PUSH_JOB = "accounting.test", "accounting.push"
LEASE = timedelta(seconds=180)
EARLIEST = date(2015, 1, 1)
_PURPOSE = "accounting credentials"
_NEEDED = {AccountingPackage.MONEYBIRD: ("token",), AccountingPackage.SNELSTART: ("client_key",)}
_MOST = 2_000


async def save(
    session: AsyncSession,
    settings: Settings,
    *,
    entity_id: UUID,
    package: AccountingPackage,
    administration: str | None = None,
    credentials: Mapping[str, str] | None = None,
    since: date | None = None,
    with_payments: bool | None = None,
    accounts: Mapping[str, str] | None = None,
    vat: Mapping[str, str] | None = None,
    payment_account: str | None = None,
    paused: bool | None = None,
) -> AccountingConnection:
    """Make or change the entity's connection with a package; what is None stays. New credentials are tested first."""
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    connection = await _existing(session, entity_id, package)
    if connection is None:
        connection = await _made(session, settings, entity_id, package, credentials or {}, since)
    elif credentials:
        connection.credentials = _sealed(settings, connection.id, package, credentials)
        connection.state = ConnectionState.UNTESTED
    named = _administration(administration, package)
    await _require_the_same(session, connection, named)
    _set(connection, administration=named, since=_since(since))
    _set(connection, with_payments=with_payments)
    _map(connection, accounts, vat, payment_account)
    if paused is not None:
        _pause(connection, paused)
    payload = events.AccountingConnectionSaved(package.value, connection.state)
    await record(session, payload, entity_id=entity_id, subject_id=connection.id)
    return connection


async def _existing(session: AsyncSession, entity_id: UUID, package: AccountingPackage) -> AccountingConnection | None:
    query = select(AccountingConnection.id).where(
        AccountingConnection.entity_id == entity_id, AccountingConnection.package == package
    )
    id = (await session.execute(query)).scalar_one_or_none()
    return await find(session, AccountingConnection, id, lock=True) if id else None


async def _made(
    session: AsyncSession,
    settings: Settings,
    entity_id: UUID,
    package: AccountingPackage,
    credentials: Mapping[str, str],
    since: date | None,
) -> AccountingConnection:
    id = (await session.execute(select(func.uuidv7()))).scalar_one()
    made = AccountingConnection(
        id=id,
        entity_id=entity_id,
        package=package.value,
        state=ConnectionState.UNTESTED.value,
        credentials=_sealed(settings, id, package, credentials),
        since=since or datetime.now(AMSTERDAM).date().replace(month=1, day=1),
        administration="",
        mapping={},
    )
    try:
        async with refusing_taken(session, uq_accounting_connection_entity_id_package=("package",)):
            session.add(made)
    except AlreadyExists as error:
        raise ConnectionExists(field=("package",)) from error
    return made


def _sealed(settings: Settings, id: UUID, package: AccountingPackage, credentials: Mapping[str, str]) -> bytes:
    kept = {name: value.strip() for name, value in credentials.items() if value and value.strip()}
    needed = [name for name in _NEEDED[package] if name not in kept]
    if needed:
        raise CredentialsRequired(package=package.value, needed=", ".join(needed), field=("credentials",))
    for name, value in kept.items():
        # They become headers and form fields: printable ASCII, no line breaks.
        if len(value) > _MOST or not value.isascii() or not value.isprintable():
            raise CredentialsRequired(package=package.value, needed=name, field=("credentials", name))
    return seal(settings, _PURPOSE, str(id), orjson.dumps(kept))


def credentials_of(settings: Settings, connection: AccountingConnection) -> dict[str, str]:
    """What was saved. Raises: CannotUnseal."""
    opened: dict[str, str] = orjson.loads(unseal(settings, _PURPOSE, str(connection.id), connection.credentials))
    return opened


def _administration(value: str | None, package: AccountingPackage) -> str | None:
    """It becomes a part of addresses: digits only."""
    if value is None or package is AccountingPackage.SNELSTART:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 32):
        raise CredentialsRequired(package=package.value, needed="administration", field=("administration",))
    return value


async def _require_the_same(
    session: AsyncSession, connection: AccountingConnection, administration: str | None
) -> None:
    """What was told to one administration is not told to the next. Raises: AdministrationFixed."""
    if not connection.administration or administration in (None, connection.administration):
        return
    arrived = select(AccountingRecord.id).where(
        AccountingRecord.connection_id == connection.id, AccountingRecord.external_id.is_not(None)
    )
    if (await session.execute(arrived.limit(1))).first():
        raise AdministrationFixed(administration=connection.administration, field=("administration",))


def _since(value: date | None) -> date | None:
    if value is not None and value < EARLIEST:
        raise SinceClosed(earliest=EARLIEST.isoformat(), field=("since",))
    return value


def _set(connection: AccountingConnection, **values: Any) -> None:
    for name, value in values.items():
        if value is not None:
            setattr(connection, name, value)


def _pause(connection: AccountingConnection, paused: bool) -> None:
    if paused:
        connection.state = ConnectionState.PAUSED
    elif connection.state == ConnectionState.PAUSED:
        connection.state = ConnectionState.ACTIVE if connection.tested_at else ConnectionState.UNTESTED


# --- mapping ----------------------------------------------------------------------------------------------------------


def _map(
    connection: AccountingConnection,
    accounts: Mapping[str, str] | None,
    vat: Mapping[str, str] | None,
    payment_account: str | None,
) -> None:
    before = AccountMapping.of(connection.mapping)
    after = AccountMapping(
        {**before.accounts, **_checked(connection, accounts, "accounts", _is_role)},
        {**before.vat, **_checked(connection, vat, "vat_rates", _is_vat)},
        _payment_account(connection, payment_account) or before.payment_account,
    )
    connection.mapping = after.as_json()


def _checked(
    connection: AccountingConnection, given: Mapping[str, str] | None, choices: str, known: Any
) -> dict[str, str]:
    for key, value in (given or {}).items():
        if not known(key):
            raise UnknownMapping(key=key, known=_KNOWN[choices], field=(choices, key))
        _in_catalogue(connection, choices, value, key)
    return dict(given or {})


def _is_role(key: str) -> bool:
    role, _, vat = key.partition(":")
    return (role == DEFAULT or role in set(AccountRole)) and (not vat or vat in VAT_KEYS)


def _is_vat(key: str) -> bool:
    return key.removeprefix("P:") in VAT_KEYS


_KNOWN = {"accounts": ", ".join([DEFAULT, *AccountRole]), "vat_rates": ", ".join(VAT_KEYS)}


def _payment_account(connection: AccountingConnection, value: str | None) -> str | None:
    if value:
        _in_catalogue(connection, "payment_accounts", value, "")
    return value


def _in_catalogue(connection: AccountingConnection, choices: str, value: str, key: str) -> None:
    """What no test has seen yet cannot be checked, and is refused when it is used."""
    there = (connection.catalogue or {}).get(choices)
    if there and value not in {choice["id"] for choice in there}:
        raise NotInCatalogue(value=validation.text(value, maximum=100), field=(choices, key) if key else (choices,))


# --- asking for work --------------------------------------------------------------------------------------------------


async def ask_for_test(session: AsyncSession, connection: AccountingConnection) -> UUID:
    """The job that looks into the administration; an active connection goes on meanwhile."""
    return await enqueue(
        session, TEST_JOB, {"connection_id": connection.id}, entity_id=connection.entity_id, queue=QUEUE
    )


async def ask_for_push(session: AsyncSession, connection: AccountingConnection, *, everything: bool = False) -> UUID:
    """The job that tells what waits; `everything` first looks for what was never written down. Not active: refused."""
    if connection.state != ConnectionState.ACTIVE:
        raise ConnectionNotActive(field=("id",))
    arguments = {"connection_id": connection.id, "everything": everything}
    return await enqueue(session, PUSH_JOB, arguments, entity_id=connection.entity_id, queue=QUEUE)


# --- whose turn it is -------------------------------------------------------------------------------------------------


async def take(session: AsyncSession, id: UUID) -> AccountingConnection | None:
    """The connection, leased to the caller; None where another has it, it is not active, or it is to rest."""
    row = (
        update(AccountingConnection)
        .where(AccountingConnection.id == id, AccountingConnection.state == ConnectionState.ACTIVE)
        .where(func.coalesce(AccountingConnection.leased_until, func.now()) <= func.now())
        .where(func.coalesce(AccountingConnection.resume_at, func.now()) <= func.now())
        .values(lease=func.uuidv7(), leased_until=func.now() + LEASE)
        .returning(AccountingConnection)
    )
    return (await session.execute(row)).scalar_one_or_none()


async def hold(session: AsyncSession, id: UUID, lease: UUID) -> bool:
    """Lease it for longer; False where it is no longer the caller's or no longer active."""
    row = (
        update(AccountingConnection)
        .where(AccountingConnection.id == id, AccountingConnection.lease == lease)
        .where(AccountingConnection.state == ConnectionState.ACTIVE, AccountingConnection.leased_until > func.now())
        .values(leased_until=func.now() + LEASE)
        .returning(AccountingConnection.id)
    )
    return (await session.execute(row)).first() is not None


async def release(
    session: AsyncSession, id: UUID, lease: UUID, *, resume_in: float = 0, error: str | None = None
) -> None:
    """Give it back; with `resume_in` nobody asks before so many seconds."""
    rest = func.now() + timedelta(seconds=resume_in) if resume_in else None
    await session.execute(
        update(AccountingConnection)
        .where(AccountingConnection.id == id, AccountingConnection.lease == lease)
        .values(lease=None, leased_until=None, resume_at=rest, error=error, synced_at=func.now())
    )


async def refuse(session: AsyncSession, id: UUID, error: str) -> None:
    """The package does not let us in: nothing is sent before a test succeeds."""
    connection = await find(session, AccountingConnection, id, lock=True)
    connection.state, connection.error = ConnectionState.REFUSED, error[:500]
    connection.lease = connection.leased_until = None
    payload = events.AccountingConnectionRefused(connection.package)
    await record(session, payload, entity_id=connection.entity_id, subject_id=id)


async def looked(
    session: AsyncSession, id: UUID, catalogue: Mapping[str, Any], proposed: AccountMapping, now: datetime
) -> AccountingConnection:
    """A test succeeded: what there is to choose from is kept, what can only be one is chosen, and sending begins.

    Raises: AdministrationFixed where the credentials open another administration than what was told to.
    """
    connection = await find(session, AccountingConnection, id, lock=True)
    await _require_the_same(session, connection, str(catalogue["administration"]))
    own = AccountMapping.of(connection.mapping)
    merged = AccountMapping({**proposed.accounts, **own.accounts}, {**proposed.vat, **own.vat}, own.payment_account)
    connection.mapping, connection.catalogue = merged.as_json(), dict(catalogue)
    connection.administration = str(catalogue["administration"])
    connection.administration_name = str(catalogue["name"])
    connection.tested_at, connection.error, connection.resume_at = now, None, None
    if connection.state != ConnectionState.PAUSED:
        connection.state = ConnectionState.ACTIVE
    payload = events.AccountingConnectionSaved(connection.package, connection.state)
    await record(session, payload, entity_id=connection.entity_id, subject_id=id)
    return connection
