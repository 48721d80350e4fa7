"""Login by an entity's own OpenID Connect provider, against one that speaks the protocol."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.errors import MissingKeyError
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from tenants.actor import SYSTEM
from tenants.auth import clock, fetching, oidc
from tenants.auth.authenticate import authenticate
from tenants.auth.fetching import FetchError, fetch_json
from tenants.auth.models import ExternalIdentity, IdentityProvider
from tenants.engine import Database
from tenants.models import UserAccount
from tenants.permissions import Role
from tenants.settings import Settings
from tests.tenants.auth.people import Portal
from tests.tenants.auth.provider import CLIENT_ID, CLIENT_SECRET, Provider, provider
from tests.tenants.auth.web import Web, error_of, query_of, web


@dataclass
class Scene:
    """A portal with a provider, a browser in front of it, and an employee."""

    portal: Portal
    there: Provider
    id: UUID
    browser: Web
    employee: UserAccount

    async def start(self, return_to: str = "/orders") -> httpx.Response:
        return await self.browser.http.get(f"/auth/oidc/{self.id}/start", params={"return_to": return_to})

    async def back(self, started: httpx.Response) -> str:
        """The address to which the provider sends the browser."""
        async with httpx.AsyncClient(verify=False) as http:
            return (await http.get(started.headers["location"])).headers["location"]

    async def login(self, return_to: str = "/orders") -> str:
        """The address at which the browser ends up."""
        callback = await self.back(await self.start(return_to))
        return str((await self.browser.http.get(callback)).headers["location"])

    async def tokens(self) -> dict[str, Any]:
        end = await self.login()
        assert "#login_code=" in end, end
        answer = await self.browser.post("/auth/oidc/exchange", code=end.partition("#login_code=")[2])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="session")
async def there_() -> AsyncIterator[Provider]:
    async with provider() as made:
        yield made


@pytest.fixture
async def scene(database: Database, settings: Settings, there_: Provider) -> AsyncIterator[Scene]:
    there_.configuration, there_.published = {}, []
    portal = await Portal.make(database)
    employee = await portal.user()
    await portal.member(Role.OPERATIONS, user=employee)
    there_.person(uuid4().hex, employee.email)
    key = uuid4()
    async with database.session(SYSTEM) as session:
        session.add(
            IdentityProvider(
                id=key,
                entity_id=portal.entity_id,
                name="Staff login",
                issuer=there_.issuer,
                client_key=CLIENT_ID,
                client_secret=oidc.sealed_secret(settings, key, CLIENT_SECRET),
                email_domains=["people.example"],
            )
        )
    oidc.forget(database)
    async with web(database, settings, portal) as browser:
        yield Scene(portal, there_, key, browser, employee)


async def test_an_employee_logs_in_at_the_entitys_provider(
    scene: Scene, database: Database, settings: Settings
) -> None:
    end = await scene.login("/orders?open=1")
    path, _, code = end.partition("#login_code=")
    assert path == "/orders?open=1"
    tokens = (await scene.browser.post("/auth/oidc/exchange", code=code)).json()
    actor = await authenticate(database, settings, bearer=tokens["access_token"], host=scene.portal.host)
    assert (actor.user_id, actor.role, actor.strong) == (scene.employee.id, Role.OPERATIONS, False)
    again = await scene.browser.post("/auth/oidc/exchange", code=code)
    assert error_of(again) == "CODE_INVALID"


async def test_the_portal_lists_its_providers(scene: Scene) -> None:
    found = (await scene.browser.http.get("/auth/oidc")).json()
    assert found == {"providers": [{"id": str(scene.id), "name": "Staff login"}]}


async def test_the_request_has_state_nonce_and_s256(scene: Scene) -> None:
    asked = query_of((await scene.start()).headers["location"])
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) > 30
    assert len(asked["nonce"]) > 30
    assert asked["redirect_uri"].endswith(f"/auth/oidc/{scene.id}/callback")


async def test_the_provider_vouches_for_its_own_entity_only(
    scene: Scene, database: Database, settings: Settings
) -> None:
    await (await Portal.make(database)).member(Role.OPERATIONS, user=scene.employee)
    actor = await authenticate(
        database, settings, bearer=(await scene.tokens())["access_token"], host=scene.portal.host
    )
    assert actor.entity_ids == (scene.portal.entity_id,)


@pytest.mark.parametrize("role", [Role.PARTNER_ADMIN, Role.CUSTOMER, Role.PLATFORM_ADMIN])
async def test_it_vouches_for_employees_only(scene: Scene, role: Role) -> None:
    somebody = await scene.portal.user()
    ids: dict[str, Any] = {}
    if role is Role.PARTNER_ADMIN:
        ids["organization_id"] = (await scene.portal.organization()).id
    if role is Role.CUSTOMER:
        ids["contact_id"] = (await scene.portal.person(somebody.email)).id
    await scene.portal.member(role, user=somebody, **ids)
    scene.there.person(uuid4().hex, somebody.email)
    assert await scene.login() == "/#login_error=NO_ACCESS"


@pytest.mark.parametrize("verified", [False, None, "true", 1])
async def test_an_address_that_is_not_verified_links_nobody(scene: Scene, verified: Any) -> None:
    scene.there.person(uuid4().hex, scene.employee.email, verified=verified)
    assert await scene.login() == "/#login_error=NO_ACCESS"


async def test_an_address_of_another_domain_links_nobody(scene: Scene, database: Database) -> None:
    async with database.session(SYSTEM) as session:
        (await session.get_one(IdentityProvider, scene.id)).email_domains = ["elsewhere.example"]
    assert await scene.login() == "/#login_error=NO_ACCESS"


async def test_somebody_without_a_membership_here_is_not_let_in(scene: Scene, database: Database) -> None:
    stranger = await scene.portal.user()
    await (await Portal.make(database)).member(Role.OPERATIONS, user=stranger)
    scene.there.person(uuid4().hex, stranger.email)
    assert await scene.login() == "/#login_error=NO_ACCESS"


async def test_a_linked_person_is_known_by_subject_and_nobody_else_by_that_address(scene: Scene) -> None:
    await scene.tokens()
    subject = scene.there.claims["sub"]
    scene.there.person(subject, "renamed@elsewhere.example", verified=False)
    assert "#login_code=" in await scene.login()
    scene.there.person(uuid4().hex, scene.employee.email)
    assert await scene.login() == "/#login_error=NO_ACCESS"


async def test_the_link_is_kept_with_issuer_and_subject(scene: Scene, database: Database) -> None:
    await scene.tokens()
    async with database.session(SYSTEM) as session:
        query = select(ExternalIdentity).where(ExternalIdentity.provider_id == scene.id)
        kept = (await session.scalars(query)).one()
    assert (kept.issuer, kept.subject) == (scene.there.issuer, scene.there.claims["sub"])


async def test_a_second_factor_there_makes_the_login_strong(
    scene: Scene, database: Database, settings: Settings
) -> None:
    scene.there.claims["amr"] = ["pwd", "mfa"]
    token = (await scene.tokens())["access_token"]
    assert (await authenticate(database, settings, bearer=token, host=scene.portal.host)).strong


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody else"},
        {"aud": [CLIENT_ID, "somebody else"]},
        {"aud": [CLIENT_ID, "x"], "azp": "x"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"iat": 99999999999},
        {"sub": ""},
        {"sub": 5},
    ],
    ids=str,
)
async def test_an_id_token_for_another_login_is_refused(scene: Scene, claims: dict[str, Any]) -> None:
    scene.there.claims |= claims
    assert await scene.login() == "/#login_error=OIDC_FAILED"


async def test_an_id_token_of_another_key_is_refused(scene: Scene) -> None:
    scene.there.published = [RSAKey.generate_key(2048, auto_kid=True)]
    assert await scene.login() == "/#login_error=OIDC_FAILED"


async def test_a_key_that_was_replaced_there_is_read_anew(scene: Scene) -> None:
    await scene.tokens()
    scene.there.key = RSAKey.generate_key(2048, auto_kid=True)
    assert "#login_code=" in await scene.login()


async def test_a_symmetric_key_in_the_jwks_is_never_used() -> None:
    shared = OctKey.generate_key(256, auto_kid=True)
    with pytest.raises(MissingKeyError):
        oidc._key_set({"keys": [shared.as_dict(private=True)]})


async def test_another_browser_cannot_finish_the_login(scene: Scene) -> None:
    callback = await scene.back(await scene.start())
    scene.browser.http.cookies.clear()
    assert (await scene.browser.http.get(callback)).headers["location"] == "/#login_error=OIDC_STATE"


async def test_another_browser_cannot_exchange_the_code(scene: Scene) -> None:
    code = (await scene.login()).partition("#login_code=")[2]
    scene.browser.http.cookies.clear()
    assert error_of(await scene.browser.post("/auth/oidc/exchange", code=code)) == "CODE_INVALID"


async def test_a_state_works_once_and_for_ten_minutes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    callback = await scene.back(await scene.start())
    assert "#login_code=" in (await scene.browser.http.get(callback)).headers["location"]
    assert (await scene.browser.http.get(callback)).headers["location"] == "/#login_error=OIDC_STATE"
    late = await scene.back(await scene.start())
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(minutes=11))
    assert (await scene.browser.http.get(late)).headers["location"] == "/#login_error=OIDC_STATE"


async def test_the_code_for_the_portal_lives_a_minute(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (await scene.login()).partition("#login_code=")[2]
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=61))
    assert error_of(await scene.browser.post("/auth/oidc/exchange", code=code)) == "CODE_INVALID"


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied"])
async def test_a_callback_out_of_nowhere_leads_back_to_the_portal(scene: Scene, query: str) -> None:
    answer = await scene.browser.http.get(f"/auth/oidc/{scene.id}/callback{query}")
    assert answer.headers["location"].startswith("/#login_error=")


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/x#y", "é"]
)
async def test_nobody_is_led_astray_after_the_login(scene: Scene, path: str) -> None:
    assert (await scene.login(path)).startswith("/#login_code=")


async def test_a_provider_of_another_portal_is_unknown_here(
    scene: Scene, database: Database, settings: Settings
) -> None:
    async with web(database, settings, await Portal.make(database)) as elsewhere:
        answer = await elsewhere.http.get(f"/auth/oidc/{scene.id}/start")
    assert error_of(answer) == "UNKNOWN_PROVIDER"


@pytest.mark.parametrize(
    "change",
    [{"issuer": "https://evil.example"}, {"token_endpoint": None}, {"authorization_endpoint": "http://x.example/"}],
)
async def test_a_configuration_that_is_not_the_issuers_is_refused(scene: Scene, change: dict[str, Any]) -> None:
    scene.there.configuration = change
    assert error_of(await scene.start()) == "OIDC_FAILED"


# --- fetching -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://user:password@example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://127.0.0.1.nip.io/",
        "https://224.0.0.1/",
        "https://[::1",
    ],
)
async def test_no_address_of_our_own_network_is_asked(settings: Settings, url: str) -> None:
    with pytest.raises(FetchError):
        await fetch_json(settings, url)


async def test_production_does_not_ask_this_machine(settings: Settings, there_: Provider) -> None:
    await fetch_json(settings, f"{there_.issuer}/jwks")
    live = settings.model_copy(update={"environment": "production"})
    for url in (f"{there_.issuer}/jwks", "https://127.0.0.1/", "https://localhost/"):
        with pytest.raises(FetchError):
            await fetch_json(live, url)


async def test_a_name_that_stands_for_a_private_address_is_not_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(host: str, port: int, *, local: bool) -> str:
        assert (host, port, local) == ("idp.example", 443, False)
        raise FetchError("the address is not public")

    assert not fetching._may_be_asked("192.168.1.1", local=False)
    assert fetching._may_be_asked("8.8.8.8", local=False)
    monkeypatch.setattr(fetching, "_resolve", resolve)
    with pytest.raises(FetchError):
        await fetch_json(settings, "https://idp.example/x")
