"""The OAuth 2.1 server over HTTP: the ways in, and every attack that has a name."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from domain.users import oauth_clients
from tenants.actor import SYSTEM, actor
from tenants.auth import clock, standing
from tenants.auth.authenticate import authenticate
from tenants.auth.errors import Unauthenticated
from tenants.auth.models import AuthorizationCode, OAuthClient, RefreshToken
from tenants.auth.sealing import fingerprint
from tenants.auth.sessions import access_token_for
from tenants.engine import Database
from tenants.models import UserAccount
from tenants.permissions import Permission, Role
from tenants.settings import Settings
from tests.tenants.auth.people import PASSWORD, Portal
from tests.tenants.auth.web import Pkce, Web, csrf_of, pkce, query_of, web

CALLBACK = "https://app.example/callback"


@dataclass
class App:
    """A registered application."""

    row: OAuthClient
    secret: str | None

    @property
    def id(self) -> str:
        return self.row.client_key

    @property
    def auth(self) -> tuple[str, str]:
        return self.id, self.secret or ""


@pytest.fixture
async def portal(database: Database) -> Portal:
    return await Portal.make(database)


@pytest.fixture
async def browser(database: Database, settings: Settings, portal: Portal) -> AsyncIterator[Web]:
    async with web(database, settings, portal) as made:
        yield made


@pytest.fixture
async def user(portal: Portal) -> UserAccount:
    made = await portal.user(password=PASSWORD)
    await portal.member(Role.OPERATIONS, user=made)
    return made


async def registered(portal: Portal, **values: Any) -> App:
    admin = actor(Role.TENANT_ADMIN, portal.entity_id)
    given = {"name": "App", "scopes": ["orders:read", "leads:read"], "redirect_uris": [CALLBACK], "public": True}
    async with portal.database.session(SYSTEM) as session:
        made = await oauth_clients.create(session, admin, oauth_clients.Wanted(**given | values))
    return App(made.client, made.secret)


@pytest.fixture
async def app(portal: Portal) -> App:
    return await registered(portal)


def request(app: App, proof: Pkce, **changes: str | None) -> dict[str, str]:
    given = {
        "response_type": "code",
        "client_id": app.id,
        "redirect_uri": CALLBACK,
        "scope": "orders:read",
        "state": "some state",
        "code_challenge": proof.challenge,
        "code_challenge_method": "S256",
    } | changes
    return {name: value for name, value in given.items() if value is not None}


async def decide(
    browser: Web, parameters: dict[str, str], email: str, *, decision: str = "allow", **fields: str
) -> httpx.Response:
    address = f"/oauth/authorize?{urlencode(parameters)}"
    page = await browser.http.get(address)
    assert page.status_code == 200, page.text
    form = {"csrf": csrf_of(page), "email": email, "password": PASSWORD, "decision": decision}
    return await browser.http.post(address, data=form | fields)


async def code_for(browser: Web, app: App, proof: Pkce, user: UserAccount, **changes: str) -> str:
    answer = await decide(browser, request(app, proof, **changes), user.email)
    assert answer.status_code == 303, answer.text
    return query_of(answer.headers["location"])["code"]


async def redeem(browser: Web, app: App, proof: Pkce, code: str, **changes: str) -> httpx.Response:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": proof.verifier,
        "client_id": app.id,
    }
    return await browser.form("/oauth/token", **fields | changes)


async def tokens_for(browser: Web, app: App, user: UserAccount) -> dict[str, Any]:
    proof = pkce()
    answer = await redeem(browser, app, proof, await code_for(browser, app, proof, user))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


# --- the authorization code ---------------------------------------------------------------------------------------


async def test_an_application_gets_what_the_person_consents_to(
    browser: Web, portal: Portal, database: Database, settings: Settings, app: App, user: UserAccount
) -> None:
    proof = pkce()
    answer = await decide(browser, request(app, proof), user.email)
    back = query_of(answer.headers["location"])
    assert answer.headers["location"].startswith(CALLBACK + "?")
    assert (back["state"], back["iss"]) == ("some state", portal.issuer(settings))
    tokens = (await redeem(browser, app, proof, back["code"])).json()
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "orders:read")
    acting = await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    assert (acting.user_id, acting.entity_ids) == (user.id, (portal.entity_id,))
    assert acting.permissions == {Permission.PUBLIC, Permission.SIGNED_IN, Permission.ORDERS_READ}


async def test_an_entitys_application_does_not_reach_the_persons_other_entities(
    browser: Web, portal: Portal, database: Database, settings: Settings, app: App, user: UserAccount
) -> None:
    await (await Portal.make(database)).member(Role.OPERATIONS, user=user)
    tokens = await tokens_for(browser, app, user)
    acting = await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    assert acting.entity_ids == (portal.entity_id,)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": "!" * 43},
    ],
    ids=str,
)
async def test_no_code_without_s256(browser: Web, app: App, changes: dict[str, str | None]) -> None:
    answer = await browser.http.get("/oauth/authorize", params=request(app, pkce(), **changes))
    assert answer.status_code == 303
    back = query_of(answer.headers["location"])
    assert (back["error"], back["state"], "code" in back) == ("invalid_request", "some state", False)
    assert back["iss"]


async def test_a_confidential_application_needs_pkce_too(browser: Web, portal: Portal) -> None:
    app = await registered(portal, public=False)
    parameters = request(app, pkce(), code_challenge=None, code_challenge_method=None)
    answer = await browser.http.get("/oauth/authorize", params=parameters)
    assert query_of(answer.headers["location"])["error"] == "invalid_request"


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        CALLBACK + "/",
        CALLBACK + "?x=1",
        "https://app.example:443/callback",
        "https://APP.example/callback",
        "https://app.example/callback/../evil",
        "https://app.example@evil.example/callback",
        None,
    ],
)
async def test_another_redirect_uri_is_not_followed(browser: Web, app: App, uri: str | None) -> None:
    answer = await browser.http.get("/oauth/authorize", params=request(app, pkce(), redirect_uri=uri))
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_an_unknown_or_revoked_application_is_not_followed(
    browser: Web, app: App, portal: Portal, database: Database
) -> None:
    unknown = await browser.http.get("/oauth/authorize", params=request(app, pkce(), client_id="ccc_unknown"))
    async with database.session(SYSTEM) as session:
        await oauth_clients.revoke(session, actor(Role.TENANT_ADMIN, portal.entity_id), app.row.id)
    revoked = await browser.http.get("/oauth/authorize", params=request(app, pkce()))
    assert [(answer.status_code, "location" in answer.headers) for answer in (unknown, revoked)] == [(400, False)] * 2


async def test_an_application_of_one_portal_is_unknown_at_another(
    database: Database, settings: Settings, app: App
) -> None:
    async with web(database, settings, await Portal.make(database)) as elsewhere:
        answer = await elsewhere.http.get("/oauth/authorize", params=request(app, pkce()))
    assert answer.status_code == 400


@pytest.mark.parametrize("scope", ["orders:write", "users:invite", "orders:read quotes:sign", "made:up"])
async def test_more_scope_than_registered_is_refused(browser: Web, app: App, scope: str) -> None:
    answer = await browser.http.get("/oauth/authorize", params=request(app, pkce(), scope=scope))
    assert query_of(answer.headers["location"])["error"] == "invalid_scope"


async def test_a_scope_beyond_the_persons_role_is_not_granted(browser: Web, portal: Portal) -> None:
    app = await registered(portal, scopes=["orders:read", "catalog:write"])
    planner = await portal.user(password=PASSWORD)
    await portal.member(Role.PLANNER, user=planner)
    proof = pkce()
    code = await code_for(browser, app, proof, planner, scope="orders:read catalog:write")
    assert (await redeem(browser, app, proof, code)).json()["scope"] == "orders:read"


@pytest.mark.parametrize(
    "addition", [("redirect_uri", "https://evil.example/"), ("scope", "leads:read"), ("client_id", "x")]
)
async def test_a_repeated_parameter_is_refused(browser: Web, app: App, addition: tuple[str, str]) -> None:
    parameters = [*request(app, pkce()).items(), addition]
    answer = await browser.http.get(f"/oauth/authorize?{urlencode(parameters)}")
    assert answer.status_code == 400 or "error=" in answer.headers["location"]
    assert not answer.headers.get("location", "").startswith("https://evil.example")


@pytest.mark.parametrize("response_type", ["token", "code token", "id_token", ""])
async def test_only_codes_are_issued(browser: Web, app: App, response_type: str) -> None:
    answer = await browser.http.get("/oauth/authorize", params=request(app, pkce(), response_type=response_type))
    assert answer.status_code in (303, 400)
    assert "code=" not in answer.headers.get("location", "")


@pytest.mark.parametrize("text", ['"><script>', "é", "\n", "x" * 3000])
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "response_type", "code_challenge"])
async def test_odd_characters_are_refused_and_never_a_fault_of_ours(
    browser: Web, app: App, name: str, text: str
) -> None:
    answer = await browser.http.get("/oauth/authorize", params=request(app, pkce(), **{name: text}))
    assert answer.status_code in (303, 400)
    assert "<script>" not in answer.text
    token = await browser.form("/oauth/token", grant_type="authorization_code", **{name: text})
    assert token.status_code in (400, 401)


# --- the page -----------------------------------------------------------------------------------------------------


async def test_the_page_loads_nothing_and_is_in_no_frame(browser: Web, portal: Portal) -> None:
    app = await registered(portal, name="<b>App</b> & Co")
    page = await browser.http.get("/oauth/authorize", params=request(app, pkce()))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://app.example;" in policy
    assert (page.headers["x-frame-options"], page.headers["cache-control"]) == ("DENY", "no-store")
    assert "&lt;b&gt;App&lt;/b&gt; &amp; Co" in page.text
    assert "<b>App</b>" not in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


async def test_the_page_speaks_the_callers_language(browser: Web, app: App) -> None:
    for language, title in (("nl", "Toegang geven"), ("en", "Give access")):
        page = await browser.http.get(
            "/oauth/authorize", params=request(app, pkce()), headers={"Accept-Language": language}
        )
        assert title in page.text


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
async def test_a_form_from_elsewhere_decides_nothing(browser: Web, app: App, user: UserAccount, csrf: str) -> None:
    answer = await decide(browser, request(app, pkce()), user.email, csrf=csrf)
    assert (answer.status_code, "location" in answer.headers) == (403, False)


async def test_a_form_of_another_request_or_browser_decides_nothing(browser: Web, app: App, user: UserAccount) -> None:
    page = await browser.http.get("/oauth/authorize", params=request(app, pkce(), scope="orders:read"))
    form = {"csrf": csrf_of(page), "email": user.email, "password": PASSWORD, "decision": "allow"}
    other = await browser.http.post(
        f"/oauth/authorize?{urlencode(request(app, pkce(), scope='leads:read'))}", data=form
    )
    assert other.status_code == 403
    address = str(page.url)
    browser.http.cookies.clear()
    assert (await browser.http.post(address, data=form)).status_code == 403


async def test_a_form_with_a_foreign_origin_decides_nothing(browser: Web, app: App, user: UserAccount) -> None:
    page = await browser.http.get("/oauth/authorize", params=request(app, pkce()))
    form = {"csrf": csrf_of(page), "email": user.email, "password": PASSWORD, "decision": "allow"}
    answer = await browser.http.post(str(page.url), data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_a_wrong_password_shows_the_page_again(browser: Web, app: App, user: UserAccount) -> None:
    answer = await decide(browser, request(app, pkce()), user.email, password="wrong")
    assert (answer.status_code, "location" in answer.headers) == (401, False)
    assert 'role="alert"' in answer.text


async def test_denying_needs_no_password_and_tells_the_application(browser: Web, app: App) -> None:
    answer = await decide(browser, request(app, pkce()), "", decision="deny", password="")
    back = query_of(answer.headers["location"])
    assert (back["error"], back["state"], "code" in back) == ("access_denied", "some state", False)


async def test_a_partners_application_acts_for_the_partners_people_only(
    browser: Web, portal: Portal, user: UserAccount
) -> None:
    partner, other = await portal.organization(), await portal.organization()
    app = await registered(portal, organization_id=partner.id)
    people = {}
    for organization in (partner, other):
        people[organization.id] = await portal.user(password=PASSWORD)
        await portal.member(
            Role.PARTNER_USER,
            user=people[organization.id],
            organization_id=organization.id,
            channel_organization_ids=organization.chain_organization_ids,
        )
    assert (await decide(browser, request(app, pkce()), people[partner.id].email)).status_code == 303
    for stranger in (people[other.id], user):
        answer = await decide(browser, request(app, pkce()), stranger.email)
        assert (answer.status_code, "location" in answer.headers) == (401, False)


async def test_no_application_acts_as_a_platform_admin(browser: Web, portal: Portal, app: App) -> None:
    admin = await portal.user(password=PASSWORD)
    await portal.member(Role.PLATFORM_ADMIN, user=admin)
    assert (await decide(browser, request(app, pkce()), admin.email)).status_code == 401


# --- redeeming ----------------------------------------------------------------------------------------------------


async def test_a_replayed_code_is_refused_and_ends_what_it_issued(
    browser: Web, portal: Portal, database: Database, settings: Settings, app: App, user: UserAccount
) -> None:
    proof = pkce()
    code = await code_for(browser, app, proof, user)
    tokens = (await redeem(browser, app, proof, code)).json()
    await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    replay = await redeem(browser, app, proof, code)
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    refreshed = await refresh(browser, app, tokens["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"


async def test_of_two_simultaneous_redemptions_one_wins_and_loses_it_again(
    browser: Web, app: App, user: UserAccount
) -> None:
    proof = pkce()
    code = await code_for(browser, app, proof, user)
    answers = await asyncio.gather(*(redeem(browser, app, proof, code) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    winner = next(answer for answer in answers if answer.status_code == 200).json()
    assert (await refresh(browser, app, winner["refresh_token"])).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "x" * 43},
        {"code_verifier": ""},
        {"redirect_uri": "https://app.example/other"},
        {"redirect_uri": ""},
    ],
    ids=str,
)
async def test_a_code_is_bound_to_its_request(
    browser: Web, app: App, user: UserAccount, changes: dict[str, str]
) -> None:
    proof = pkce()
    code = await code_for(browser, app, proof, user)
    answer = await redeem(browser, app, proof, code, **changes)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "invalid_request")


async def test_a_made_up_code_is_refused(browser: Web, app: App) -> None:
    assert (await redeem(browser, app, pkce(), "made up")).json()["error"] == "invalid_grant"


async def test_the_challenge_is_no_verifier(browser: Web, app: App, user: UserAccount) -> None:
    proof = pkce()
    code = await code_for(browser, app, proof, user)
    answer = await redeem(browser, app, proof, code, code_verifier=proof.challenge)
    assert answer.json()["error"] == "invalid_grant"


async def test_another_application_cannot_redeem_a_code(
    browser: Web, portal: Portal, app: App, user: UserAccount
) -> None:
    proof = pkce()
    code = await code_for(browser, app, proof, user)
    other = await registered(portal)
    assert (await redeem(browser, other, proof, code)).json()["error"] == "invalid_grant"


async def test_a_code_lives_a_minute(
    browser: Web, app: App, user: UserAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = pkce()
    code = await code_for(browser, app, proof, user)
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=61))
    assert (await redeem(browser, app, proof, code)).json()["error"] == "invalid_grant"


async def test_a_confidential_application_proves_itself(browser: Web, portal: Portal, user: UserAccount) -> None:
    app = await registered(portal, public=False)
    proof = pkce()
    code = await code_for(browser, app, proof, user)
    without = await redeem(browser, app, proof, code)
    assert (without.status_code, without.json()["error"]) == (401, "invalid_client")
    wrong = await redeem(browser, app, proof, code, client_secret="wrong")
    assert wrong.json()["error"] == "invalid_client"
    assert app.secret
    assert (await redeem(browser, app, proof, code, client_secret=app.secret)).status_code == 200


async def test_codes_and_refresh_tokens_are_kept_as_hashes(
    browser: Web, app: App, user: UserAccount, database: Database
) -> None:
    proof = pkce()
    code = await code_for(browser, app, proof, user)
    tokens = (await redeem(browser, app, proof, code)).json()
    async with database.session(SYSTEM) as session:
        by_hash = select(AuthorizationCode).where(AuthorizationCode.code_hash == fingerprint(code))
        assert (await session.scalars(by_hash)).one().used_at
        kept = select(RefreshToken).where(RefreshToken.token_hash == fingerprint(tokens["refresh_token"]))
        assert (await session.scalars(kept)).one()


# --- refreshing ---------------------------------------------------------------------------------------------------


async def refresh(browser: Web, app: App, token: str, **changes: str) -> httpx.Response:
    fields = {"grant_type": "refresh_token", "refresh_token": token, "client_id": app.id} | changes
    return await browser.form("/oauth/token", **fields)


async def test_refresh_tokens_rotate_and_reuse_ends_the_family(
    browser: Web, portal: Portal, database: Database, settings: Settings, app: App, user: UserAccount
) -> None:
    first = await tokens_for(browser, app, user)
    second = (await refresh(browser, app, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    await authenticate(database, settings, bearer=second["access_token"], host=portal.host)
    assert (await refresh(browser, app, first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await refresh(browser, app, second["refresh_token"])).json()["error"] == "invalid_grant"
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=second["access_token"], host=portal.host)


async def test_a_refresh_may_narrow_the_scope_and_never_widen_it(
    browser: Web, portal: Portal, database: Database, settings: Settings, app: App, user: UserAccount
) -> None:
    proof = pkce()
    code = await code_for(browser, app, proof, user, scope="orders:read leads:read")
    first = (await redeem(browser, app, proof, code)).json()
    wider = await refresh(browser, app, first["refresh_token"], scope="orders:read catalog:read")
    assert wider.json()["error"] == "invalid_scope"
    narrow = (await refresh(browser, app, first["refresh_token"], scope="leads:read")).json()
    acting = await authenticate(database, settings, bearer=narrow["access_token"], host=portal.host)
    assert acting.permissions == {Permission.PUBLIC, Permission.SIGNED_IN, Permission.LEADS_READ}


async def test_a_refresh_token_belongs_to_its_application(
    browser: Web, portal: Portal, app: App, user: UserAccount
) -> None:
    tokens = await tokens_for(browser, app, user)
    other = await registered(portal)
    assert (await refresh(browser, other, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    as_login = await browser.post("/auth/refresh", refresh_token=tokens["refresh_token"])
    assert as_login.status_code == 401
    assert (await refresh(browser, app, tokens["refresh_token"])).status_code == 200


# --- an application on its own ------------------------------------------------------------------------------------


@pytest.fixture
async def robot(portal: Portal) -> App:
    partner = await portal.organization()
    return await registered(
        portal,
        public=False,
        organization_id=partner.id,
        grant_types=["client_credentials"],
        redirect_uris=[],
        scopes=["orders:read", "leads:submit"],
    )


async def test_a_partners_application_acts_as_the_partner(
    browser: Web, portal: Portal, database: Database, settings: Settings, robot: App
) -> None:
    answer = await browser.form("/oauth/token", auth=robot.auth, grant_type="client_credentials", scope="orders:read")
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert "refresh_token" not in tokens
    acting = await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    assert (acting.role, acting.organization_id, acting.user_id) == (
        Role.PARTNER_USER,
        robot.row.organization_id,
        None,
    )
    assert acting.permissions == {Permission.PUBLIC, Permission.SIGNED_IN, Permission.ORDERS_READ}


@pytest.mark.parametrize("scope", ["orders:read orders:write", "users:invite", "quotes:sign"])
async def test_it_gets_no_scope_that_it_was_not_registered_for(browser: Web, robot: App, scope: str) -> None:
    answer = await browser.form("/oauth/token", auth=robot.auth, grant_type="client_credentials", scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_public_application_cannot_act_on_its_own(browser: Web, app: App) -> None:
    answer = await browser.form("/oauth/token", grant_type="client_credentials", client_id=app.id)
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("grant_type", ["password", "implicit", "", "urn:ietf:params:oauth:grant-type:jwt-bearer"])
async def test_other_grants_do_not_exist(browser: Web, robot: App, grant_type: str) -> None:
    answer = await browser.form("/oauth/token", auth=robot.auth, grant_type=grant_type)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_withdrawing_an_application_ends_its_tokens(
    browser: Web, portal: Portal, database: Database, settings: Settings, robot: App
) -> None:
    tokens = (await browser.form("/oauth/token", auth=robot.auth, grant_type="client_credentials")).json()
    async with database.session(SYSTEM) as session:
        await oauth_clients.revoke(session, actor(Role.TENANT_ADMIN, portal.entity_id), robot.row.id)
    standing.forget(database)
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)


# --- revocation and introspection ---------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_revoking_either_token_ends_both(
    browser: Web, portal: Portal, database: Database, settings: Settings, app: App, user: UserAccount, which: str
) -> None:
    tokens = await tokens_for(browser, app, user)
    answer = await browser.form("/oauth/revoke", token=tokens[which], client_id=app.id)
    assert answer.status_code == 200
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(database, settings, bearer=tokens["access_token"], host=portal.host)
    assert (await refresh(browser, app, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_revoking_a_strangers_token_does_nothing(
    browser: Web, portal: Portal, database: Database, settings: Settings, app: App, user: UserAccount
) -> None:
    tokens = await tokens_for(browser, app, user)
    other = await registered(portal)
    await browser.form("/oauth/revoke", token=tokens["refresh_token"], client_id=other.id)
    assert (await refresh(browser, app, tokens["refresh_token"])).status_code == 200
    unknown = await browser.form("/oauth/revoke", token="made up", client_id=app.id)
    assert unknown.status_code == 200


async def test_an_application_learns_of_its_own_tokens_only(
    browser: Web, portal: Portal, database: Database, settings: Settings, robot: App
) -> None:
    tokens = (await browser.form("/oauth/token", auth=robot.auth, grant_type="client_credentials")).json()
    told = await browser.form("/oauth/introspect", auth=robot.auth, token=tokens["access_token"])
    assert told.json()["active"] is True
    assert (told.json()["client_id"], told.json()["iss"]) == (robot.id, portal.issuer(settings))
    stranger = await registered(portal, public=False)
    member = await portal.member(Role.OPERATIONS)
    login = await access_token_for(database, settings, member.id, host=portal.host)
    for auth, token in ((stranger.auth, tokens["access_token"]), (robot.auth, login), (robot.auth, "made up")):
        assert (await browser.form("/oauth/introspect", auth=auth, token=token)).json() == {"active": False}


async def test_introspection_needs_a_secret(browser: Web, app: App, user: UserAccount) -> None:
    tokens = await tokens_for(browser, app, user)
    answer = await browser.form("/oauth/introspect", token=tokens["access_token"], client_id=app.id)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


# --- what it says of itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["oauth-authorization-server", "openid-configuration"])
async def test_the_metadata_is_that_of_the_portal(browser: Web, portal: Portal, settings: Settings, path: str) -> None:
    found = (await browser.http.get(f"/.well-known/{path}")).json()
    assert found["issuer"] == portal.issuer(settings)
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        assert found[name].startswith(found["issuer"])


async def test_the_jwks_is_public_and_verifies_a_token(browser: Web, robot: App) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    tokens = (await browser.form("/oauth/token", auth=robot.auth, grant_type="client_credentials")).json()
    found = (await browser.http.get("/oauth/jwks.json")).json()
    assert not any("d" in key for key in found["keys"])
    claims = jwt.decode(tokens["access_token"], KeySet.import_key_set(found), ["ES256"]).claims
    assert claims["client_id"] == robot.id


async def test_an_unknown_host_has_no_authorization_server(browser: Web) -> None:
    answer = await browser.http.get("/.well-known/oauth-authorization-server", headers={"Host": "nobody.localhost"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/callback",
        "https://app.example/callback#fragment",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/callback",
        "https://user@app.example/",
        "https://a;script-src/",
        "https://[::1",
        "https://app.example/ x",
        "//app.example/",
        "",
    ],
)
async def test_a_redirect_uri_that_could_leak_codes_is_not_registered(portal: Portal, uri: str) -> None:
    with pytest.raises(oauth_clients.RedirectUriInvalid):
        await registered(portal, redirect_uris=[uri])


@pytest.mark.parametrize(
    "uri", ["https://app.example/cb", "http://127.0.0.1:8400/cb", "http://[::1]/cb", "com.example.app:/cb"]
)
async def test_a_safe_redirect_uri_is_registered(portal: Portal, uri: str) -> None:
    assert (await registered(portal, redirect_uris=[uri])).row.redirect_uris == [uri]
