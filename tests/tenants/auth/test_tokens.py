"""Access tokens and API keys: every way in which a forged, old or withdrawn one is refused."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select, update

from tenants.actor import SYSTEM
from tenants.auth import api_keys, clock, keys, memory, standing, tokens
from tenants.auth.authenticate import authenticate
from tenants.auth.errors import Unauthenticated
from tenants.auth.models import ApiKey, LoginSession, SigningKey
from tenants.auth.sessions import access_token_for
from tenants.engine import Database
from tenants.models import Membership, UserAccount
from tenants.permissions import PERMISSIONS_OF, Permission, Role
from tenants.settings import Settings
from tests.tenants.auth.people import Portal


@pytest.fixture
async def portal(database: Database) -> Portal:
    return await Portal.make(database)


@pytest.fixture
async def member(portal: Portal) -> Membership:
    return await portal.member(Role.OPERATIONS)


@pytest.fixture
async def token(database: Database, settings: Settings, portal: Portal, member: Membership) -> str:
    return await access_token_for(database, settings, member.id, host=portal.host)


@pytest.fixture
async def signer(database: Database, settings: Settings) -> ECKey:
    key = (await keys.signing_keys(database, settings)).signing()
    assert key.private
    return key.private


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


async def test_a_token_names_its_actor(
    database: Database, settings: Settings, portal: Portal, member: Membership, token: str
) -> None:
    actor = await authenticate(database, settings, bearer=token, host=portal.host)
    assert (actor.role, actor.user_id, actor.entity_ids) == (Role.OPERATIONS, member.user_id, (portal.entity_id,))
    assert actor.permissions == PERMISSIONS_OF[Role.OPERATIONS]


async def test_without_a_credential_one_is_a_visitor_of_the_portal(
    database: Database, settings: Settings, portal: Portal
) -> None:
    visitor = await authenticate(database, settings, bearer=None, host=f"{portal.host.upper()}:8000")
    assert (visitor.role, visitor.entity_ids, visitor.signed_in) == (Role.ANONYMOUS, (portal.entity_id,), False)
    stranger = await authenticate(database, settings, bearer=None, host="elsewhere.example")
    assert stranger.entity_ids == ()


async def test_the_same_role_elsewhere_is_in_reach_and_another_role_is_not(
    database: Database, settings: Settings, portal: Portal, member: Membership, token: str
) -> None:
    second, third = await Portal.make(database), await Portal.make(database)
    async with database.session(SYSTEM) as session:
        user = await session.get_one(UserAccount, member.user_id)
    await second.member(Role.OPERATIONS, user=user)
    await third.member(Role.TENANT_ADMIN, user=user)
    actor = await authenticate(database, settings, bearer=token, host=portal.host)
    assert set(actor.entity_ids) == {portal.entity_id, second.entity_id}


async def test_a_partner_reaches_only_entities_of_the_same_organization(
    database: Database, settings: Settings, portal: Portal
) -> None:
    one, other = await portal.organization(), await portal.organization()
    mine = await portal.member(Role.PARTNER_USER, organization_id=one.id)
    async with database.session(SYSTEM) as session:
        user = await session.get_one(UserAccount, mine.user_id)
    await (await Portal.make(database)).member(Role.PARTNER_USER, user=user, organization_id=other.id)
    token = await access_token_for(database, settings, mine.id, host=portal.host)
    actor = await authenticate(database, settings, bearer=token, host=portal.host)
    assert (actor.entity_ids, actor.organization_id) == ((portal.entity_id,), one.id)


# --- forged tokens ------------------------------------------------------------------------------------------------

Forgery = Callable[[dict[str, Any], ECKey], str]


def signed(claims: dict[str, Any], key: Any, **header: Any) -> str:
    made = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"} | header
    return jwt.encode(made, claims, key, [made["alg"]])


FORGERIES: dict[str, Forgery] = {
    "alg none": lambda claims, key: f"{encoded({'alg': 'none', 'kid': key.kid, 'typ': 'at+jwt'})}.{encoded(claims)}.",
    "HS256 with the public key as its secret": lambda claims, key: _with_hmac(claims, key),
    "another key under our kid": lambda claims, key: signed(claims, ECKey.generate_key("P-256"), kid=key.kid),
    "a key that it brings along": lambda claims, key: _with_own_key(claims),
    "a kid that looks like SQL": lambda claims, key: signed(claims, key, kid="' OR 1=1 --"),
    "a kid that looks like a path": lambda claims, key: signed(claims, key, kid="../../dev/null"),
    "a kid that is no text": lambda claims, key: f"{encoded({'alg': 'ES256', 'kid': {'$ne': 1}})}.{encoded(claims)}.AA",
    "the type of an ID token": lambda claims, key: signed(claims, key, typ="JWT"),
    "another audience": lambda claims, key: signed({**claims, "aud": "urn:somebody:else"}, key),
    "several audiences": lambda claims, key: signed({**claims, "aud": [tokens.AUDIENCE, "urn:else"]}, key),
    "an issuer elsewhere": lambda claims, key: signed({**claims, "iss": "https://evil.example"}, key),
    "an issuer at another port": lambda claims, key: signed({**claims, "iss": claims["iss"] + "1"}, key),
    "no issuer": lambda claims, key: signed({**claims, "iss": None}, key),
    "not yet valid": lambda claims, key: signed({**claims, "nbf": claims["nbf"] + 600}, key),
    "no expiry": lambda claims, key: signed({**claims, "exp": None}, key),
    "an expiry that is text": lambda claims, key: signed({**claims, "exp": "9999999999"}, key),
    "no session": lambda claims, key: signed({**claims, "sid": None}, key),
    "changed claims": lambda claims, key: _tampered(signed(claims, key)),
    "three dots": lambda claims, key: "a.b.c.d",
    "nothing like a token": lambda claims, key: "x" * 40,
    "much too long": lambda claims, key: signed({**claims, "pad": "x" * 10_000}, key),
    "not ASCII": lambda claims, key: "ey.é.ü",
}


def _with_hmac(claims: dict[str, Any], key: ECKey) -> str:
    text = f"{encoded({'alg': 'HS256', 'kid': key.kid, 'typ': 'at+jwt'})}.{encoded(claims)}"
    mac = hmac.new(key.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _with_own_key(claims: dict[str, Any]) -> str:
    own = ECKey.generate_key("P-256", auto_kid=True)
    return signed(claims, own, jwk=own.as_dict(private=False))


def _tampered(token: str) -> str:
    header, body, signature = token.split(".")
    claims = claims_of(f".{body}.") | {"sub": str(uuid4())}
    return f"{header}.{encoded(claims)}.{signature}"


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_forged_token_is_refused(
    database: Database, settings: Settings, portal: Portal, token: str, signer: ECKey, forgery: Forgery
) -> None:
    with pytest.raises(Unauthenticated, match="TOKEN_INVALID"):
        await authenticate(database, settings, bearer=forgery(claims_of(token), signer), host=portal.host)


async def test_the_forgeries_are_made_of_a_token_that_holds(
    database: Database, settings: Settings, portal: Portal, token: str, signer: ECKey
) -> None:
    same = signed(claims_of(token), signer)
    assert (await authenticate(database, settings, bearer=same, host=portal.host)).signed_in


async def test_a_token_expires(
    database: Database, settings: Settings, portal: Portal, token: str, signer: ECKey
) -> None:
    old = signed({**claims_of(token), "exp": int(clock.now().timestamp())}, signer)
    with pytest.raises(Unauthenticated, match="TOKEN_EXPIRED"):
        await authenticate(database, settings, bearer=old, host=portal.host)


@pytest.mark.parametrize("claim", ["sub", "mid", "sid"])
async def test_a_token_of_one_session_does_not_pass_for_another(
    database: Database, settings: Settings, portal: Portal, token: str, signer: ECKey, claim: str
) -> None:
    mixed = signed({**claims_of(token), claim: str(uuid4())}, signer)
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=mixed, host=portal.host)


# --- withdrawn access ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["membership", "password", "session"])
async def test_withdrawn_access_ends_within_five_seconds(
    database: Database,
    settings: Settings,
    portal: Portal,
    member: Membership,
    token: str,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await authenticate(database, settings, bearer=token, host=portal.host)
    withdrawals = {
        "membership": update(Membership).where(Membership.id == member.id).values(status="REVOKED"),
        "password": update(UserAccount).where(UserAccount.id == member.user_id).values(security_version=2),
        "session": update(LoginSession).where(LoginSession.membership_id == member.id).values(ended_at=clock.now()),
    }
    async with database.session(SYSTEM) as session:
        await session.execute(withdrawals[what])
    now = clock.ticks()
    monkeypatch.setattr(clock, "ticks", lambda: now + memory.SECONDS)
    assert memory.SECONDS <= 5
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=token, host=portal.host)


# --- keys ---------------------------------------------------------------------------------------------------------


async def test_rotation_overlaps_and_the_jwks_holds_both(
    database: Database, settings: Settings, portal: Portal, member: Membership, token: str, signer: ECKey
) -> None:
    async with database.session(SYSTEM) as session:
        fresh = await keys.rotate(session, settings)
    keys.forget(database)
    known = await keys.signing_keys(database, settings)
    assert {signer.kid, fresh} <= {key["kid"] for key in known.jwks()["keys"]}
    assert known.signing().kid == fresh
    assert (await authenticate(database, settings, bearer=token, host=portal.host)).signed_in
    newer = await access_token_for(database, settings, member.id, host=portal.host)
    assert (await authenticate(database, settings, bearer=newer, host=portal.host)).signed_in


async def test_a_key_that_another_process_made_is_found(
    database: Database, settings: Settings, portal: Portal, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keys.signing_keys(database, settings)
    other = Database(database.url, database._password)
    async with other.session(SYSTEM) as session:
        await keys.rotate(session, settings)
    theirs = (await keys.signing_keys(other, settings)).signing().private
    await other.close()
    now = clock.ticks()
    monkeypatch.setattr(clock, "ticks", lambda: now + 5)
    assert (await authenticate(database, settings, bearer=signed(claims_of(token), theirs), host=portal.host)).signed_in


async def test_a_compromised_key_verifies_nothing_more(
    fresh_database: Any, settings: Settings, database: Database
) -> None:
    url = await fresh_database()
    own = Database(url, database._password)
    portal = await Portal.make(own)
    member = await portal.member(Role.OPERATIONS)
    token = await access_token_for(own, settings, member.id, host=portal.host)
    async with own.session(SYSTEM) as session:
        await keys.rotate(session, settings, compromised=True)
    keys.forget(own)
    with pytest.raises(Unauthenticated, match="TOKEN_INVALID"):
        await authenticate(own, settings, bearer=token, host=portal.host)
    await own.close()


async def test_the_next_key_is_announced_before_it_signs(
    fresh_database: Any, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Database(await fresh_database(), database._password)
    first = (await keys.signing_keys(own, settings)).signing()
    monkeypatch.setattr(clock, "now", lambda: first.signs_until - timedelta(minutes=30))
    keys.forget(own)
    known = await keys.signing_keys(own, settings)
    assert known.signing().kid == first.kid
    assert len(known.jwks()["keys"]) == 2
    monkeypatch.setattr(clock, "now", lambda: first.signs_until)
    assert known.signing().kid != first.kid
    await own.close()


async def test_the_private_key_is_encrypted_and_never_in_the_jwks(
    database: Database, settings: Settings, signer: ECKey
) -> None:
    async with database.session(SYSTEM) as session:
        row = (await session.scalars(select(SigningKey).where(SigningKey.kid == signer.kid))).one()
    assert signer.as_bytes(encoding="DER", private=True) not in row.private_key
    assert "d" not in row.public_jwk
    assert not any("d" in key for key in (await keys.signing_keys(database, settings)).jwks()["keys"])


# --- API keys -----------------------------------------------------------------------------------------------------


async def api_key(portal: Portal, **values: Any) -> tuple[ApiKey, str]:
    new = api_keys.generate()
    given = {"entity_id": portal.entity_id, "name": "Key", "scopes": ["orders:read"]} | values
    async with portal.database.session(SYSTEM) as session:
        made = ApiKey(prefix=new.prefix, secret_hash=new.secret_hash, **given)
        session.add(made)
    return made, new.shown_once


async def test_a_partners_key_acts_within_its_scopes(database: Database, settings: Settings, portal: Portal) -> None:
    partner = await portal.organization()
    _, text = await api_key(portal, organization_id=partner.id, scopes=["orders:read", "users:invite", "made:up"])
    actor = await authenticate(database, settings, bearer=text, host=portal.host)
    assert (actor.role, actor.organization_id, actor.user_id) == (Role.PARTNER_USER, partner.id, None)
    assert actor.permissions == {Permission.ORDERS_READ, Permission.PUBLIC, Permission.SIGNED_IN}


async def test_an_entitys_own_key_acts_as_operations(database: Database, settings: Settings, portal: Portal) -> None:
    _, text = await api_key(portal)
    actor = await authenticate(database, settings, bearer=text, host=portal.host)
    assert (actor.role, actor.entity_ids) == (Role.OPERATIONS, (portal.entity_id,))


@pytest.mark.parametrize("damage", [lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: t[:-1], str.upper])
async def test_a_damaged_key_is_refused(
    database: Database, settings: Settings, portal: Portal, damage: Callable[[str], str]
) -> None:
    _, text = await api_key(portal)
    with pytest.raises(Unauthenticated, match=r"KEY_INVALID|TOKEN_INVALID"):
        await authenticate(database, settings, bearer=damage(text), host=portal.host)


async def test_an_unknown_prefix_is_refused_like_a_wrong_secret(
    database: Database, settings: Settings, portal: Portal
) -> None:
    with pytest.raises(Unauthenticated, match="KEY_INVALID"):
        await authenticate(database, settings, bearer=api_keys.generate().shown_once, host=portal.host)


async def test_revoked_and_expired_keys_are_refused(database: Database, settings: Settings, portal: Portal) -> None:
    _, revoked = await api_key(portal, revoked_at=clock.now())
    _, expired = await api_key(portal, expires_at=clock.now())
    with pytest.raises(Unauthenticated, match="KEY_INVALID"):
        await authenticate(database, settings, bearer=revoked, host=portal.host)
    with pytest.raises(Unauthenticated, match="KEY_EXPIRED"):
        await authenticate(database, settings, bearer=expired, host=portal.host)


async def test_last_use_is_noted_at_most_once_a_minute(
    database: Database, settings: Settings, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, text = await api_key(portal)

    async def used(seconds: float) -> Any:
        at = start + timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "now", lambda: at)
        standing.forget(database)
        await authenticate(database, settings, bearer=text, host=portal.host)
        async with database.session(SYSTEM) as session:
            return (await session.get_one(ApiKey, made.id)).last_used_at

    start = clock.now()
    assert await used(0) == start
    assert await used(30) == start
    assert await used(61) == start + timedelta(seconds=61)


async def test_the_secret_of_a_key_is_not_kept(portal: Portal) -> None:
    made, text = await api_key(portal)
    secret = text.rpartition("_")[2]
    assert secret not in {str(value) for value in vars(made).values()}
