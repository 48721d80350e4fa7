"""Logging in over HTTP: what is accepted, what is refused, and that the two tell nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select

from tenants.actor import SYSTEM
from tenants.auth import clock, second_factor, standing
from tenants.auth import passwords as password_module
from tenants.auth.authenticate import authenticate
from tenants.auth.errors import Unauthenticated
from tenants.auth.models import LoginSession, OneTimeCode
from tenants.engine import Database
from tenants.models import Membership, UserAccount, UserStatus
from tenants.permissions import Role
from tenants.settings import Settings
from tests.tenants.auth.people import PASSWORD, Portal
from tests.tenants.auth.web import Web, error_of, web


@pytest.fixture
async def portal(database: Database) -> Portal:
    return await Portal.make(database)


@pytest.fixture
async def client(database: Database, settings: Settings, portal: Portal) -> AsyncIterator[Web]:
    async with web(database, settings, portal) as made:
        yield made


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> "Moved":
    return Moved(monkeypatch)


class Moved:
    """Moves the application's clock."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._ahead = timedelta()
        patch.setattr(clock, "now", lambda: datetime.now(UTC) + self._ahead)

    def ahead(self, **by: float) -> None:
        self._ahead += timedelta(**by)


async def staff(portal: Portal, role: Role = Role.OPERATIONS) -> UserAccount:
    user = await portal.user(password=PASSWORD)
    await portal.member(role, user=user)
    return user


async def test_a_password_opens_the_portal_it_is_for(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    answer = await client.post("/auth/login", email=user.email.upper(), password=PASSWORD)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["access_token"]
    actor = await authenticate(database, settings, bearer=token, host=portal.host)
    assert (actor.user_id, actor.role, actor.strong) == (user.id, Role.OPERATIONS, False)


@pytest.mark.parametrize(("email", "password"), [(None, "wrong password!"), ("nobody@people.example", PASSWORD)])
async def test_wrong_password_and_unknown_address_answer_alike(
    client: Web, portal: Portal, email: str | None, password: str
) -> None:
    user = await staff(portal)
    answer = await client.post("/auth/login", email=email or user.email, password=password)
    assert (answer.status_code, answer.json()) == (
        401,
        {"error": {"code": "CREDENTIALS_INVALID", "message": "The address or the password is wrong."}},
    )


async def test_an_unknown_address_costs_the_same_work(client: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    original = password_module._verify

    def counting(password: str, kept: str) -> tuple[bool, str | None]:
        verified.append(kept)
        return original(password, kept)

    monkeypatch.setattr(password_module, "_verify", counting)
    await client.post("/auth/login", email="nobody@people.example", password="whatever it is")
    assert len(verified) == 1
    assert verified[0].startswith("$argon2id$")


async def test_a_user_of_another_entity_does_not_get_in(client: Web, database: Database) -> None:
    user = await staff(await Portal.make(database))
    answer = await client.post("/auth/login", email=user.email, password=PASSWORD)
    assert (answer.status_code, error_of(answer)) == (401, "NO_ACCESS")


async def test_the_role_is_the_highest_here_unless_one_is_named(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal, Role.FINANCE)
    await portal.member(Role.TENANT_ADMIN, user=user)
    await portal.member(Role.PLATFORM_ADMIN, user=user)

    async def role(**named: str) -> Role:
        answer = await client.post("/auth/login", email=user.email, password=PASSWORD, **named)
        return (await authenticate(database, settings, bearer=answer.json()["access_token"], host=portal.host)).role

    assert await role() is Role.TENANT_ADMIN
    assert await role(role="FINANCE") is Role.FINANCE
    assert await role(role="PLATFORM_ADMIN") is Role.PLATFORM_ADMIN
    refused = await client.post("/auth/login", email=user.email, password=PASSWORD, role="PLANNER")
    assert error_of(refused) == "NO_ACCESS"


async def test_guessing_is_stopped_and_the_right_guess_does_not_count(
    client: Web, portal: Portal, settings: Settings
) -> None:
    user = await staff(portal)
    for _ in range(settings.login_attempts_per_15_minutes):
        assert error_of(await client.post("/auth/login", email=user.email, password="wrong")) == "CREDENTIALS_INVALID"
    stopped = await client.post("/auth/login", email=user.email, password=PASSWORD)
    assert (stopped.status_code, error_of(stopped)) == (429, "TOO_MANY_ATTEMPTS")
    assert 0 < int(stopped.headers["retry-after"]) <= 900
    other = await staff(portal)
    for _ in range(settings.login_attempts_per_15_minutes + 2):
        assert (await client.post("/auth/login", email=other.email, password=PASSWORD)).status_code == 200


async def test_a_suspended_user_is_out_with_every_token(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    tokens = (await client.post("/auth/login", email=user.email, password=PASSWORD)).json()
    async with database.session(SYSTEM) as session:
        (await session.get_one(UserAccount, user.id)).status = UserStatus.SUSPENDED.value
    standing.forget(database)
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    refused = await client.post("/auth/refresh", refresh_token=tokens["refresh_token"])
    assert error_of(refused) == "TOKEN_INVALID"
    assert error_of(await client.post("/auth/login", email=user.email, password=PASSWORD)) == "CREDENTIALS_INVALID"


# --- refresh tokens -----------------------------------------------------------------------------------------------


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    first = (await client.post("/auth/login", email=user.email, password=PASSWORD)).json()
    second = (await client.post("/auth/refresh", refresh_token=first["refresh_token"])).json()
    await authenticate(database, settings, bearer=second["access_token"], host=portal.host)
    stolen = await client.post("/auth/refresh", refresh_token=first["refresh_token"])
    assert (stolen.status_code, error_of(stolen)) == (401, "TOKEN_INVALID")
    assert error_of(await client.post("/auth/refresh", refresh_token=second["refresh_token"])) == "TOKEN_INVALID"
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=second["access_token"], host=portal.host)


async def test_of_two_simultaneous_refreshes_one_wins_and_the_family_ends(client: Web, portal: Portal) -> None:
    user = await staff(portal)
    first = (await client.post("/auth/login", email=user.email, password=PASSWORD)).json()
    answers = await asyncio.gather(
        *(client.post("/auth/refresh", refresh_token=first["refresh_token"]) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    winner = next(answer for answer in answers if answer.status_code == 200).json()
    assert (await client.post("/auth/refresh", refresh_token=winner["refresh_token"])).status_code == 401


async def test_logging_out_ends_access_and_refresh(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    tokens = (await client.post("/auth/login", email=user.email, password=PASSWORD)).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.http.post("/auth/logout", headers=bearer)).status_code == 204
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    assert (await client.post("/auth/refresh", refresh_token=tokens["refresh_token"])).status_code == 401


async def test_no_secret_is_kept_in_clear(client: Web, portal: Portal, owner: object) -> None:
    user = await staff(portal)
    tokens = (await client.post("/auth/login", email=user.email, password=PASSWORD)).json()
    dump = await owner.fetch("SELECT to_jsonb(t)::text AS row FROM refresh_token t")  # type: ignore[attr-defined]
    assert not any(tokens["refresh_token"] in row["row"] for row in dump)


# --- second factor ------------------------------------------------------------------------------------------------


async def with_totp(database: Database, settings: Settings, user: UserAccount) -> tuple[pyotp.TOTP, list[str]]:
    async with database.session(SYSTEM) as session:
        kept = await second_factor.locked(session, user.id)
        totp = pyotp.TOTP(second_factor.enrol(settings, kept, "Test").secret)
        codes = second_factor.confirm(settings, kept, totp.at(clock.now() - timedelta(seconds=30)))
        assert codes
        return totp, codes


async def test_the_second_factor_is_asked_for_and_makes_the_login_strong(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    totp, _ = await with_totp(database, settings, user)
    asked = await client.post("/auth/login", email=user.email, password=PASSWORD)
    assert error_of(asked) == "TOTP_REQUIRED"
    wrong = await client.post("/auth/login", email=user.email, password=PASSWORD, totp="000000")
    assert error_of(wrong) == "TOTP_INVALID"
    answer = await client.post("/auth/login", email=user.email, password=PASSWORD, totp=totp.at(clock.now()))
    actor = await authenticate(database, settings, bearer=answer.json()["access_token"], host=portal.host)
    assert actor.strong


async def test_a_code_works_once_even_at_the_same_moment(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    totp, _ = await with_totp(database, settings, user)
    code = totp.at(clock.now())
    answers = await asyncio.gather(
        *(client.post("/auth/login", email=user.email, password=PASSWORD, totp=code) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    replay = await client.post("/auth/login", email=user.email, password=PASSWORD, totp=code)
    assert error_of(replay) == "TOTP_INVALID"


async def test_an_older_step_is_refused_after_a_newer_one(
    client: Web, portal: Portal, database: Database, settings: Settings, moved: Moved
) -> None:
    user = await staff(portal)
    totp, _ = await with_totp(database, settings, user)
    moved.ahead(seconds=60)
    earlier, now = totp.at(clock.now() - timedelta(seconds=30)), totp.at(clock.now())
    assert (await client.post("/auth/login", email=user.email, password=PASSWORD, totp=now)).status_code == 200
    late = await client.post("/auth/login", email=user.email, password=PASSWORD, totp=earlier)
    assert error_of(late) == "TOTP_INVALID"


async def test_a_recovery_code_replaces_the_app_once(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    _, codes = await with_totp(database, settings, user)
    spaced = codes[0].upper().replace("-", " ")
    assert (await client.post("/auth/login", email=user.email, password=PASSWORD, totp=spaced)).status_code == 200
    again = await client.post("/auth/login", email=user.email, password=PASSWORD, totp=codes[0])
    assert error_of(again) == "TOTP_INVALID"
    async with database.session(SYSTEM) as session:
        kept = await session.get_one(UserAccount, user.id)
    assert len(kept.recovery_code_hashes) == len(codes) - 1
    assert codes[1] not in kept.recovery_code_hashes


# --- mailed codes -------------------------------------------------------------------------------------------------


async def mailed_code(client: Web, email: str) -> str:
    assert (await client.post("/auth/code", email=email)).status_code == 202
    return next(
        word for word in (await client.mailed(email)).replace(".", " ").split() if word.isdigit() and len(word) == 8
    )


async def test_a_customer_logs_in_with_a_mailed_code_once(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    person = await portal.person(f"{portal.host.split('.')[0]}@people.example")
    assert person.email
    code = await mailed_code(client, person.email)
    answer = await client.post("/auth/code/verify", email=person.email, code=code)
    assert answer.status_code == 200, answer.text
    actor = await authenticate(database, settings, bearer=answer.json()["access_token"], host=portal.host)
    assert (actor.role, actor.contact_id, actor.entity_ids) == (Role.CUSTOMER, person.id, (portal.entity_id,))
    assert error_of(await client.post("/auth/code/verify", email=person.email, code=code)) == "CODE_INVALID"


async def test_asking_for_a_code_answers_alike_for_everybody(client: Web, portal: Portal, owner: object) -> None:
    person = await portal.person(f"{portal.host.split('.')[0]}@people.example")
    nobody = f"no-{person.email}"
    answers = [await client.post("/auth/code", email=email) for email in (person.email, nobody)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(202, answers[0].text)] * 2
    rows = await owner.fetch(  # type: ignore[attr-defined]
        "SELECT recipient, status FROM mail_message WHERE recipient = ANY($1)", [person.email, nobody]
    )
    assert {row["recipient"]: row["status"] for row in rows} == {person.email: "QUEUED", nobody: "SUPPRESSED"}


async def test_a_code_can_be_guessed_at_five_times(client: Web, portal: Portal) -> None:
    person = await portal.person(f"{portal.host.split('.')[0]}@people.example")
    assert person.email
    code = await mailed_code(client, person.email)
    wrong = "00000000" if code != "00000000" else "11111111"
    for _ in range(5):
        assert error_of(await client.post("/auth/code/verify", email=person.email, code=wrong)) == "CODE_INVALID"
    assert error_of(await client.post("/auth/code/verify", email=person.email, code=code)) == "CODE_INVALID"


async def test_a_code_expires_and_a_newer_one_replaces_it(client: Web, portal: Portal, moved: Moved) -> None:
    person = await portal.person(f"{portal.host.split('.')[0]}@people.example")
    assert person.email
    first, second = await mailed_code(client, person.email), await mailed_code(client, person.email)
    assert error_of(await client.post("/auth/code/verify", email=person.email, code=first)) == "CODE_INVALID"
    moved.ahead(minutes=11)
    assert error_of(await client.post("/auth/code/verify", email=person.email, code=second)) == "CODE_INVALID"


async def test_a_mailed_code_does_not_let_staff_in(client: Web, portal: Portal, database: Database) -> None:
    user = await staff(portal, Role.TENANT_ADMIN)
    await client.post("/auth/code", email=user.email)
    async with database.session(SYSTEM) as session:
        assert (await session.scalars(select(OneTimeCode).where(OneTimeCode.email == user.email))).one()
    with pytest.raises(IndexError):
        await client.mailed(user.email)


async def test_a_changed_address_on_a_record_with_a_login_lets_nobody_in(
    client: Web, portal: Portal, database: Database
) -> None:
    person = await portal.person(f"{portal.host.split('.')[0]}@people.example")
    assert person.email
    await client.post("/auth/code/verify", email=person.email, code=await mailed_code(client, person.email))
    thief = f"thief-{person.email}"
    async with database.session(SYSTEM) as session:
        kept = await session.merge(person)
        kept.email = thief
    await client.post("/auth/code", email=thief)
    with pytest.raises(IndexError):
        await client.mailed(thief)


async def test_asking_again_and_again_is_stopped(client: Web) -> None:
    answers = [await client.post("/auth/code", email="somebody@people.example") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]


# --- a forgotten password -----------------------------------------------------------------------------------------


async def test_a_forgotten_password_is_replaced_and_ends_every_login(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    tokens = (await client.post("/auth/login", email=user.email, password=PASSWORD)).json()
    await client.post("/auth/password/forgot", email=user.email)
    link = next(word for word in (await client.mailed(user.email)).split() if word.startswith("http"))
    assert link.startswith(portal.issuer(settings) + "/reset-password#")
    secret = link.partition("#")[2]
    weak = await client.post("/auth/password/reset", token=secret, password="short")
    assert (weak.status_code, error_of(weak)) == (400, "PASSWORD_TOO_SHORT")
    done = await client.post("/auth/password/reset", token=secret, password="an entirely new passphrase")
    assert done.status_code == 204
    standing.forget(database)
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    assert (
        await client.post("/auth/password/reset", token=secret, password="yet another passphrase")
    ).status_code == 401
    assert (
        await client.post("/auth/login", email=user.email, password="an entirely new passphrase")
    ).status_code == 200


async def test_a_reset_leaves_the_second_factor_on(
    client: Web, portal: Portal, database: Database, settings: Settings
) -> None:
    user = await staff(portal)
    await with_totp(database, settings, user)
    await client.post("/auth/password/forgot", email=user.email)
    secret = (await client.mailed(user.email)).partition("#")[2].split()[0]
    await client.post("/auth/password/reset", token=secret, password="an entirely new passphrase")
    asked = await client.post("/auth/login", email=user.email, password="an entirely new passphrase")
    assert error_of(asked) == "TOTP_REQUIRED"


# --- form ---------------------------------------------------------------------------------------------------------


async def test_only_json_is_read_so_that_no_foreign_form_can_log_anybody_in(client: Web, portal: Portal) -> None:
    user = await staff(portal)
    answer = await client.form("/auth/login", email=user.email, password=PASSWORD)
    assert (answer.status_code, error_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": 1, "password": "x"},
        {"email": "x@people.example"},
        {"email": "x@people.example", "password": "x", "role": "KING"},
    ],
)
async def test_a_malformed_body_is_told_apart(client: Web, body: dict[str, object]) -> None:
    answer = await client.post("/auth/login", **body)
    assert (answer.status_code, error_of(answer)) == (400, "BAD_REQUEST")


async def test_an_unknown_host_is_no_portal(client: Web) -> None:
    answer = await client.http.post(
        "/auth/login", json={"email": "x@people.example", "password": "x"}, headers={"Host": "elsewhere.localhost"}
    )
    assert error_of(answer) == "UNKNOWN_PORTAL"


async def test_a_login_notes_where_it_came_from(client: Web, portal: Portal, database: Database) -> None:
    user = await staff(portal)
    await client.post("/auth/login", email=user.email, password=PASSWORD)
    async with database.session(SYSTEM) as session:
        kept = (await session.scalars(select(LoginSession).where(LoginSession.user_id == user.id))).one()
        assert await session.scalar(select(Membership.id).where(Membership.id == kept.membership_id))
    assert kept.ip_address.startswith("10.")
