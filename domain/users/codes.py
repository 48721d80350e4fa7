"""What a mailed secret proves: a customer's login, and a new password. An unknown address makes no difference."""

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact, ContactType
from domain.events.record import record
from domain.mail.service import queue_mail
from domain.users import account, events, letters
from domain.users.letters import Letter
from domain.users.portals import Portal, portal_of
from tenants.actor import SYSTEM
from tenants.auth import clock, login, second_factor
from tenants.auth.errors import AuthError, Unauthenticated
from tenants.auth.keys import signing_keys
from tenants.auth.limits import Limit, network
from tenants.auth.login import Choice, Door
from tenants.auth.models import CodePurpose, OneTimeCode
from tenants.auth.sealing import fingerprint, peppered, random_secret
from tenants.auth.sessions import Tokens
from tenants.models import Membership, MembershipStatus, UserAccount, UserStatus
from tenants.permissions import Role
from tenants.settings import Settings

DIGITS = 8
MINUTES = 10
RESET_MINUTES = 60
ATTEMPTS = 5
CUSTOMERS = (Role.CUSTOMER, Role.CHARGER_OWNER, Role.EV_DRIVER)
_MOST_RECORDS = 5
_PURPOSE = "one-time code"


async def ask_for_login_code(door: Door, email: str, language: str) -> None:
    """Mail a code with which a customer of the portal logs in; an earlier one stops working."""
    entity_id = await door.entity_id()
    await door.attempts.take(_asking(door, "code", email))
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    async with door.database.session(SYSTEM) as session:
        known = await _is_customer(session, entity_id, email)
        portal = await portal_of(session, door.settings, entity_id, door.origin.host)
        letter = letters.login_code(language, portal.name, code, MINUTES)
        session.add(_code(door.settings, entity_id, email, CodePurpose.LOGIN, code, MINUTES))
        await _mail(session, entity_id, portal, email, letter, known)


async def log_in_with_code(door: Door, email: str, code: str, totp: str | None, choice: Choice) -> Tokens:
    """Tokens for a mailed code. Raises Unauthenticated: CODE_INVALID, TOTP_REQUIRED, TOTP_INVALID, NO_ACCESS."""
    entity_id = await door.entity_id()
    limits = door.limits(email)
    await door.attempts.take(limits)
    keys = await signing_keys(door.database, door.settings)
    refused: AuthError = Unauthenticated("CODE_INVALID", "The code is wrong, was used, or has expired.")
    async with door.database.session(SYSTEM) as session:
        kept = await _newest(session, entity_id, email)
        if kept is not None and _matches(door.settings, kept, code):
            try:
                user_id = await _customer(session, entity_id, email)
                customer = Choice(choice.role, choice.membership_id, CUSTOMERS)
                membership, strong = await login.admitted(session, door, user_id, entity_id, totp, customer, limits)
                kept.used_at = clock.now()
                await door.attempts.give_back(limits)
                return await login.enter(session, door, keys, membership, method="code", strong=strong)
            except AuthError as error:
                refused = error
    raise refused  # after the commit: the attempt has been counted


async def ask_for_password_reset(door: Door, email: str, language: str) -> None:
    """Mail a link with which a user of the portal chooses a new password."""
    entity_id = await door.entity_id()
    await door.attempts.take(_asking(door, "reset", email))
    secret = random_secret()
    async with door.database.session(SYSTEM) as session:
        known = await _is_user(session, entity_id, email)
        portal = await portal_of(session, door.settings, entity_id, door.origin.host)
        link = portal.link("reset-password", secret)
        letter = letters.password_reset(language, portal.name, link, RESET_MINUTES)
        session.add(_code(door.settings, entity_id, email, CodePurpose.PASSWORD_RESET, secret, RESET_MINUTES))
        await _mail(session, entity_id, portal, email, letter, known)


async def reset_password(session: AsyncSession, secret: str, password: str) -> bool:
    """Set a new password with the secret of a mailed link; whether the link was valid. The second factor stays on."""
    query = select(OneTimeCode).where(
        OneTimeCode.code_hash == fingerprint(secret), OneTimeCode.purpose == CodePurpose.PASSWORD_RESET
    )
    kept = (await session.scalars(query.with_for_update())).one_or_none()
    if kept is None or kept.used_at is not None or kept.expires_at <= clock.now():
        return False
    user_id = await session.scalar(select(UserAccount.id).where(UserAccount.email == kept.email))
    if user_id is None or not await _is_user(session, kept.entity_id, kept.email):
        return False
    await account.set_password(session, await second_factor.locked(session, user_id), password)
    kept.used_at = clock.now()
    return True


def _asking(door: Door, what: str, email: str) -> tuple[Limit, ...]:
    """Asking is counted too: it sends mail, and each code may be guessed at."""
    address = network(door.origin.ip_address)
    return (Limit(f"{what}-asked", email, 5), Limit(f"{what}-asked-from", address, 60))


def _code(
    settings: Settings, entity_id: UUID, email: str, purpose: CodePurpose, secret: str, minutes: int
) -> OneTimeCode:
    return OneTimeCode(
        entity_id=entity_id,
        email=email,
        purpose=purpose.value,
        code_hash=_hash(settings, email, secret) if purpose is CodePurpose.LOGIN else fingerprint(secret),
        expires_at=clock.now() + timedelta(minutes=minutes),
    )


def _hash(settings: Settings, email: str, code: str) -> str:
    return peppered(settings, _PURPOSE, email, code)


async def _newest(session: AsyncSession, entity_id: UUID, email: str) -> OneTimeCode | None:
    """The last code that was asked for, locked, with this attempt counted; None where it cannot be used."""
    query = (
        select(OneTimeCode)
        .where(OneTimeCode.entity_id == entity_id, OneTimeCode.email == email)
        .where(OneTimeCode.purpose == CodePurpose.LOGIN)
        .order_by(OneTimeCode.created_at.desc(), OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    kept = (await session.scalars(query)).one_or_none()
    if kept is None or kept.used_at is not None or kept.expires_at <= clock.now() or kept.attempts >= ATTEMPTS:
        return None
    kept.attempts += 1
    return kept


def _matches(settings: Settings, kept: OneTimeCode, code: str) -> bool:
    return hmac.compare_digest(kept.code_hash, _hash(settings, kept.email, "".join(code.split())))


async def _is_user(session: AsyncSession, entity_id: UUID, email: str, roles: tuple[Role, ...] = tuple(Role)) -> bool:
    query = (
        select(Membership.id)
        .join(UserAccount, UserAccount.id == Membership.user_id)
        .where(UserAccount.email == email, UserAccount.status == UserStatus.ACTIVE)
        .where(Membership.status == MembershipStatus.ACTIVE, Membership.role.in_([role.value for role in roles]))
        .where((Membership.entity_id == entity_id) | Membership.entity_id.is_(None))
    )
    return (await session.execute(query.limit(1))).first() is not None


async def _is_customer(session: AsyncSession, entity_id: UUID, email: str) -> bool:
    """Whether the address can log in, or belongs to a customer who never did."""
    known = await _is_user(session, entity_id, email, CUSTOMERS)
    return bool(await _records(session, entity_id, email)) or known  # both are asked: the work is the same


async def _records(session: AsyncSession, entity_id: UUID, email: str) -> list[Contact]:
    """Customers of the entity with this address whose record is nobody's login yet.

    One who has a login keeps it: a changed address on the record lets nobody in.
    """
    taken = select(Membership.id).where(Membership.contact_id == Contact.id).exists()
    query = (
        select(Contact)
        .where(Contact.email == email, Contact.contact_type == ContactType.PERSON, ~taken)
        .where(Contact.entity_ids.contains([entity_id]))
        .where(Contact.merged_into_id.is_(None), Contact.erased_at.is_(None))
        .order_by(Contact.created_at, Contact.id)
        .limit(_MOST_RECORDS)
    )
    return list(await session.scalars(query))


async def _customer(session: AsyncSession, entity_id: UUID, email: str) -> UUID:
    """The user with this address, made where it is a customer's who logs in for the first time."""
    records = await _records(session, entity_id, email)
    if records:
        values = {"email": email, "name": records[0].name, "language": records[0].language}
        await session.execute(insert(UserAccount).values(values).on_conflict_do_nothing())
    user_id = await session.scalar(select(UserAccount.id).where(UserAccount.email == email))
    if user_id is None:
        raise Unauthenticated("CODE_INVALID", "The code is wrong, was used, or has expired.")
    for contact in records:
        await _grant(session, user_id, entity_id, contact)
    return user_id


async def _grant(session: AsyncSession, user_id: UUID, entity_id: UUID, contact: Contact) -> None:
    values = {"user_id": user_id, "entity_id": entity_id, "role": Role.CUSTOMER.value, "contact_id": contact.id}
    made = insert(Membership).values(values).on_conflict_do_nothing().returning(Membership.id)
    if membership_id := await session.scalar(made):
        granted = events.MembershipGranted(Role.CUSTOMER.value)
        await record(session, granted, entity_id=entity_id, subject_id=membership_id, contact_ids=[contact.id])


async def _mail(
    session: AsyncSession, entity_id: UUID, portal: Portal, email: str, letter: Letter, known: bool
) -> None:
    await queue_mail(
        session,
        entity_id=entity_id,
        to=email,
        subject=letter.subject,
        body=letter.body,
        host=portal.host,
        secret=True,
        suppressed=not known,
    )
