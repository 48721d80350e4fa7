"""Sealing, password rules, scopes, and the sweep of old logins."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr
from sqlalchemy import select

from tenants.actor import SYSTEM
from tenants.auth import clock, sweep
from tenants.auth.hosts import origin
from tenants.auth.limits import network
from tenants.auth.models import LoginSession, RefreshToken
from tenants.auth.passwords import hash_password, verify_password, weakness
from tenants.auth.scopes import PERMISSION_OF, permissions_within, scopes_of
from tenants.auth.sealing import CannotUnseal, seal, unseal
from tenants.auth.sessions import access_token_for
from tenants.engine import Database
from tenants.hostnames import hostname
from tenants.permissions import PERMISSIONS_OF, Permission, Role
from tenants.settings import Settings
from tests import hashing
from tests.tenants.auth.people import Portal

KEYED = Settings(_env_file=None, secret_key=SecretStr("k" * 40))


@given(st.binary(max_size=200), st.text(max_size=20), st.integers(min_value=0, max_value=300), st.integers(1, 255))
def test_what_is_sealed_opens_unchanged_or_not_at_all(plain: bytes, context: str, place: int, change: int) -> None:
    sealed = seal(KEYED, "test", context, plain)
    assert unseal(KEYED, "test", context, sealed) == plain
    place = 1 + place % (len(sealed) - 1)
    damaged = sealed[:place] + bytes([sealed[place] ^ change]) + sealed[place + 1 :]
    for purpose, where, body in (
        ("other", context, sealed),
        ("test", context + "x", sealed),
        ("test", context, damaged),
    ):
        with pytest.raises(CannotUnseal):
            unseal(KEYED, purpose, where, body)


def test_another_secret_key_opens_nothing() -> None:
    other = KEYED.model_copy(update={"secret_key": SecretStr("o" * 40)})
    with pytest.raises(CannotUnseal):
        unseal(other, "test", "", seal(KEYED, "test", "", b"x"))


def test_without_a_secret_key_nothing_is_sealed() -> None:
    with pytest.raises(RuntimeError, match="SECRET_KEY"):
        seal(KEYED.model_copy(update={"secret_key": SecretStr("")}), "test", "", b"x")


def test_a_password_costs_64_mib_three_times_over() -> None:
    """RFC 9106, the second recommended option."""
    assert hashing.REAL.hash("a long enough password").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_hash_of_older_parameters_is_made_anew() -> None:
    old = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash("a long enough password")
    right, anew = await verify_password("a long enough password", old)
    assert right
    assert anew
    assert await verify_password("a long enough password", anew) == (True, None)
    assert await verify_password("another password", old) == (False, None)


async def test_a_password_is_the_same_however_it_is_composed() -> None:
    kept = await hash_password("caf\u00e9 au lait, please")
    assert (await verify_password("cafe\u0301 au lait, please", kept))[0]


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "TOO_SHORT"),
        ("x" * 201, "TOO_LONG"),
        ("aaaaaaaaaaaaaa", "TOO_EASY"),
        ("wachtwoord1234", "TOO_EASY"),
        ("jan.jansen@example.nl", "TOO_EASY"),
        ("Jan Jansen 1980", "TOO_EASY"),
        ("123456123456123456", "TOO_EASY"),
        ("correct horse battery staple", None),
        ("Laden-in-Nijkerk-2026", None),
        ("k8$Vq2!mZr7w", None),
    ],
)
def test_weak_passwords_are_told(password: str, why: str | None) -> None:
    assert weakness(password, "jan.jansen@example.nl", "Jan Jansen") == why


@given(st.sampled_from(sorted(Role)), st.lists(st.sampled_from([*sorted(PERMISSION_OF), "made:up"])))
def test_scopes_only_ever_take_away(role: Role, scopes: list[str]) -> None:
    within = permissions_within(role, scopes)
    assert within <= PERMISSIONS_OF[role]
    assert within - {Permission.PUBLIC, Permission.SIGNED_IN} <= {
        PERMISSION_OF[s] for s in scopes if s in PERMISSION_OF
    }
    assert permissions_within(role, None) == PERMISSIONS_OF[role]


@pytest.mark.parametrize("role", sorted(Role))
def test_no_scope_hands_out_rights_or_signs_alone(role: Role) -> None:
    assert not {"users:invite", "api-keys:manage", "identity-providers:manage"} & set(scopes_of(role))
    assert "quotes:sign" not in scopes_of(role, person=False)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Brand.Localhost:8000", "brand.localhost"),
        ("brand.localhost.", "brand.localhost"),
        (" brand.localhost ", "brand.localhost"),
        ("", ""),
    ],
)
def test_a_host_is_known_however_it_is_written(header: str, name: str) -> None:
    assert hostname(header) == name


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_one_subscriber_counts_as_one(address: str, counted: str) -> None:
    assert network(address) == counted


def test_the_public_address_has_a_port_without_tls_only() -> None:
    plain = KEYED.model_copy(update={"port": 8123})
    assert origin(plain, "a.localhost:1") == "http://a.localhost:8123"
    assert origin(plain.model_copy(update={"public_scheme": "https"}), "a.nl") == "https://a.nl"


async def test_old_logins_are_swept_and_living_ones_kept(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = await Portal.make(database)
    member = await portal.member(Role.PLANNER)
    await access_token_for(database, settings, member.id, host=portal.host)

    async def left() -> tuple[int, int]:
        async with database.session(SYSTEM) as session:
            ids = list(await session.scalars(select(LoginSession.id).where(LoginSession.membership_id == member.id)))
            kept = await session.scalars(select(RefreshToken.id).where(RefreshToken.session_id.in_(ids)))
            return len(ids), len(list(kept))

    assert await left() == (1, 1)
    async with database.session(SYSTEM) as session:
        await sweep.sweep(session)
    assert await left() == (1, 1)
    far = datetime.now(UTC) + timedelta(days=200)
    monkeypatch.setattr(clock, "now", lambda: far)
    async with database.session(SYSTEM) as session:
        mine = select(LoginSession.id).where(LoginSession.membership_id == member.id)
        assert await sweep.sweep(session) >= 2
        assert list(await session.scalars(mine)) == []
        await session.rollback()
