"""People, keys and applications over GraphQL: what an administrator may do, and how far its rights reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from sqlalchemy import func, select

from api.context import Context, RequestFacts
from api.reading import global_id
from api.schema import platform_schema
from domain.contacts.models import Contact
from domain.events.models import Event
from domain.mail import show
from tenants.actor import SYSTEM, Actor, actor
from tenants.auth import clock, standing
from tenants.auth.authenticate import authenticate
from tenants.auth.errors import Unauthenticated
from tenants.auth.models import ApiKey, IdentityProvider, Invitation, LoginSession
from tenants.auth.sessions import access_token_for
from tenants.brands import brand_of
from tenants.engine import Database
from tenants.models import Membership, UserAccount
from tenants.permissions import Permission, Role
from tenants.settings import Settings
from tests.tenants.auth.people import PASSWORD, Portal

SCHEMA = platform_schema("a secret of this test")
ERRORS = "userErrors { code field message }"
INVITE = f"""mutation ($input: InviteUserInput!) {{ inviteUser(input: $input) {{
  invitation {{ id email role open entity {{ name }} organization {{ name }} }} {ERRORS} }} }}"""
ACCEPT = f"mutation ($input: AcceptInvitationInput!) {{ acceptInvitation(input: $input) {{ email role {ERRORS} }} }}"
CREATE_KEY = f"""mutation ($input: CreateApiKeyInput!) {{ createApiKey(input: $input) {{
  secret apiKey {{ id prefix scopes organization {{ name }} }} {ERRORS} }} }}"""
ROTATE_KEY = f"""mutation ($id: ID!, $until: DateTime) {{ rotateApiKey(id: $id, oldValidUntil: $until) {{
  secret apiKey {{ id replacesId }} {ERRORS} }} }}"""
REVOKE_KEY = f"mutation ($id: ID!) {{ revokeApiKey(id: $id) {{ apiKey {{ revokedAt }} {ERRORS} }} }}"
CREATE_CLIENT = f"""mutation ($input: CreateOAuthClientInput!) {{ createOauthClient(input: $input) {{
  secret oauthClient {{ id clientId scopes grantTypes }} {ERRORS} }} }}"""


@dataclass
class World:
    """A portal with a partner and a dealer below it, and a second portal beside."""

    database: Database
    settings: Settings
    portal: Portal
    beside: Portal
    partner: Contact
    dealer: Contact
    other: Contact
    people: dict[str, UserAccount] = field(default_factory=dict)

    async def member(self, role: Role, organization: Contact | None = None, portal: Portal | None = None) -> Membership:
        ids: dict[str, Any] = {}
        if organization:
            chain = organization.chain_organization_ids
            ids = {"organization_id": organization.id, "channel_organization_ids": chain}
        where = portal or self.portal
        return await where.member(role, user=await where.user(password=PASSWORD), **ids)

    def as_(self, membership: Membership, **changes: Any) -> "Asker":
        entities = (membership.entity_id,) if membership.entity_id else ()
        ids = {"user_id": membership.user_id, "organization_id": membership.organization_id}
        return Asker(self, replace(actor(Role(membership.role), *entities, **ids, name="Tester"), **changes))

    async def admin(self) -> "Asker":
        return self.as_(await self.member(Role.TENANT_ADMIN))

    async def partner_admin(self, organization: Contact | None = None) -> "Asker":
        return self.as_(await self.member(Role.PARTNER_ADMIN, organization or self.partner))

    async def events(self, subject: UUID) -> list[str]:
        async with self.database.session(SYSTEM) as session:
            query = select(Event.type).where(Event.subject_id == subject).order_by(Event.created_at)
            return list(await session.scalars(query))

    async def count(self, model: Any, *conditions: Any) -> int:
        async with self.database.session(SYSTEM) as session:
            return int(await session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0)


@dataclass
class Asker:
    """Asks the whole schema as one actor at the portal."""

    world: World
    actor: Actor

    async def ask(self, document: str, /, **variables: Any) -> Any:
        result = await self._execute(document, variables)
        assert not result.errors, result.errors
        return next(iter(result.data.values()))

    async def error(self, document: str, /, **variables: Any) -> str:
        result = await self._execute(document, variables)
        assert result.errors
        return str(result.errors[0].extensions["code"])

    async def codes(self, document: str, /, **variables: Any) -> list[str]:
        return [error["code"] for error in (await self.ask(document, **variables))["userErrors"]]

    async def _execute(self, document: str, variables: Mapping[str, Any]) -> Any:
        world = self.world
        facts = RequestFacts(uuid4().hex, host=world.portal.host, ip_address="203.0.113.1")
        brand = await brand_of(world.database, world.portal.host)
        context = Context(self.actor, world.database, world.settings, facts, None, brand, "en")
        return await SCHEMA.execute(document, variable_values=dict(variables), context_value=context)


@pytest.fixture
async def world(database: Database, settings: Settings) -> World:
    portal, beside = await Portal.make(database), await Portal.make(database)
    partner = await portal.organization()
    dealer, other = await portal.organization(partner), await portal.organization()
    return World(database, settings, portal, beside, partner, dealer, other)


def gid(kind: str, id: UUID | None) -> str:
    assert id
    return str(global_id(kind, id))


def invitee(role: Role, **more: Any) -> dict[str, Any]:
    return {"email": f"{uuid4().hex}@people.example", "name": "New Person", "role": role.value} | more


async def mailed_token(world: World, email: str) -> str:
    [mail] = await show.latest(world.database, 1, email)
    return mail.body.partition("/accept-invitation#")[2].split()[0]


# --- the viewer ---------------------------------------------------------------------------------------------------


async def test_a_visitor_is_told_that_it_is_nobody(world: World) -> None:
    visitor = Asker(world, actor(Role.ANONYMOUS, world.portal.entity_id))
    found = await visitor.ask("{ viewer { role audience user { email } memberships { role } permissions } }")
    assert found == {
        "role": "ANONYMOUS",
        "audience": "CUSTOMER",
        "user": None,
        "memberships": [],
        "permissions": ["LEADS_SUBMIT", "PARTNERSHIP_APPLY", "PUBLIC"],
    }


@pytest.mark.parametrize("role", [Role.TENANT_ADMIN, Role.PLANNER, Role.PARTNER_USER, Role.PLATFORM_ADMIN])
async def test_everybody_sees_themselves(world: World, role: Role) -> None:
    organization = world.partner if role is Role.PARTNER_USER else None
    membership = await world.member(role, organization)
    found = await world.as_(membership).ask(
        "{ viewer { role name user { id email secondFactor } organization { name } memberships { id role current } } }"
    )
    assert found["user"]["id"] == gid("User", membership.user_id)
    assert found["organization"] == ({"name": world.partner.name} if organization else None)
    assert found["memberships"] == [{"id": gid("Membership", membership.id), "role": role.value, "current": True}]


async def test_a_person_sees_its_memberships_of_other_roles_and_portals(world: World) -> None:
    membership = await world.member(Role.PLANNER)
    async with world.database.session(SYSTEM) as session:
        user = await session.get_one(UserAccount, membership.user_id)
    await world.beside.member(Role.TENANT_ADMIN, user=user)
    found = await world.as_(membership).ask("{ viewer { memberships { role current entityName } } }")
    assert {(m["role"], m["current"], m["entityName"]) for m in found["memberships"]} == {
        ("PLANNER", True, world.portal.entity.name),
        ("TENANT_ADMIN", False, world.beside.entity.name),
    }


# --- lists --------------------------------------------------------------------------------------------------------


async def test_an_admin_lists_the_people_of_its_entity_and_nobody_else(world: World) -> None:
    admin = await world.admin()
    colleague, stranger = await world.member(Role.FINANCE), await world.member(Role.FINANCE, portal=world.beside)
    found = await admin.ask("{ users(first: 100) { totalCount nodes { id memberships { nodes { role } } } } }")
    ids = {node["id"] for node in found["nodes"]}
    assert gid("User", colleague.user_id) in ids
    assert gid("User", stranger.user_id) not in ids
    assert found["totalCount"] == len(ids) == 2


async def test_a_partner_admin_lists_the_people_of_its_subtree(world: World) -> None:
    admin = await world.partner_admin()
    below, beside = (
        await world.member(Role.PARTNER_USER, world.dealer),
        await world.member(Role.PARTNER_USER, world.other),
    )
    staff = await world.member(Role.OPERATIONS)
    found = await admin.ask("{ memberships(first: 100) { nodes { id user { email } } } }")
    ids = {node["id"] for node in found["nodes"]}
    assert gid("Membership", below.id) in ids
    assert not {gid("Membership", beside.id), gid("Membership", staff.id)} & ids


@pytest.mark.parametrize(
    "column", ["passwordHash", "totpSecret", "recoveryCodeHashes", "securityVersion", "tokenHash", "secretHash"]
)
def test_no_secret_is_in_the_schema(column: str) -> None:
    assert column not in SCHEMA.as_str()


@pytest.mark.parametrize("role", [Role.OPERATIONS, Role.PLANNER, Role.FINANCE])
@pytest.mark.parametrize("kind", ["ApiKey", "OAuthClient", "Invitation", "IdentityProvider"])
async def test_only_administrators_see_credentials_even_by_id(world: World, role: Role, kind: str) -> None:
    made = await made_by_admin(world)
    query = "query ($id: ID!) { node(id: $id) { id } }"
    admin, other = await world.admin(), world.as_(await world.member(role))
    assert await admin.ask(query, id=made[kind]) == {"id": made[kind]}
    assert await other.ask(query, id=made[kind]) is None


async def made_by_admin(world: World) -> dict[str, str]:
    admin = await world.admin()
    key = await admin.ask(CREATE_KEY, input={"name": "K", "scopes": ["orders:read"]})
    client = await admin.ask(
        CREATE_CLIENT, input={"name": "C", "scopes": ["orders:read"], "redirectUris": ["https://a.example/cb"]}
    )
    invited = await admin.ask(INVITE, input=invitee(Role.PLANNER))
    provider = await admin.ask(CREATE_PROVIDER, input=PROVIDER)
    return {
        "ApiKey": key["apiKey"]["id"],
        "OAuthClient": client["oauthClient"]["id"],
        "Invitation": invited["invitation"]["id"],
        "IdentityProvider": provider["identityProvider"]["id"],
    }


# --- invitations --------------------------------------------------------------------------------------------------


async def test_an_invited_person_chooses_a_password_and_is_in(world: World) -> None:
    admin = await world.admin()
    given = invitee(Role.PLANNER)
    made = await admin.ask(INVITE, input=given)
    assert made["userErrors"] == []
    assert made["invitation"]["open"] is True
    visitor = Asker(world, actor(Role.ANONYMOUS, world.portal.entity_id))
    token = await mailed_token(world, given["email"])
    assert await visitor.codes(ACCEPT, input={"token": token}) == ["REQUIRED"]
    assert await visitor.codes(ACCEPT, input={"token": token, "password": "too short"}) == ["PASSWORD_TOO_SHORT"]
    done = await visitor.ask(ACCEPT, input={"token": token, "password": PASSWORD})
    assert (done["email"], done["role"]) == (given["email"], "PLANNER")
    assert await visitor.codes(ACCEPT, input={"token": token, "password": PASSWORD}) == ["INVITATION_INVALID"]
    async with world.database.session(SYSTEM) as session:
        key = (await session.scalars(select(Invitation.id).where(Invitation.email == given["email"]))).one()
        query = select(Membership).join(UserAccount, UserAccount.id == Membership.user_id)
        kept = (await session.scalars(query.where(UserAccount.email == given["email"]))).one()
    assert (kept.role, kept.entity_id, kept.status) == ("PLANNER", world.portal.entity_id, "ACTIVE")
    assert await world.events(key) == ["user.invited", "invitation.accepted"]


async def test_an_existing_user_keeps_its_password(world: World) -> None:
    user = await world.beside.user(password=PASSWORD)
    admin = await world.admin()
    await admin.ask(INVITE, input=invitee(Role.PLANNER, email=user.email))
    token = await mailed_token(world, user.email)
    visitor = Asker(world, actor(Role.ANONYMOUS, world.portal.entity_id))
    assert await visitor.codes(ACCEPT, input={"token": token, "password": "a different passphrase"}) == []
    async with world.database.session(SYSTEM) as session:
        assert (await session.get_one(UserAccount, user.id)).password_hash == user.password_hash
    assert await admin.codes(INVITE, input=invitee(Role.PLANNER, email=user.email)) == ["ALREADY_MEMBER"]


async def test_a_newer_invitation_replaces_the_older(world: World) -> None:
    admin, given = await world.admin(), invitee(Role.PLANNER)
    await admin.ask(INVITE, input=given)
    old = await mailed_token(world, given["email"])
    await admin.ask(INVITE, input=given)
    visitor = Asker(world, actor(Role.ANONYMOUS))
    assert await visitor.codes(ACCEPT, input={"token": old, "password": PASSWORD}) == ["INVITATION_INVALID"]


async def test_an_invitation_expires_and_can_be_withdrawn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, visitor = await world.admin(), Asker(world, actor(Role.ANONYMOUS))
    withdrawn, late = invitee(Role.PLANNER), invitee(Role.PLANNER)
    made = await admin.ask(INVITE, input=withdrawn)
    await admin.ask(INVITE, input=late)
    tokens = [await mailed_token(world, each["email"]) for each in (withdrawn, late)]
    revoke = f"mutation ($id: ID!) {{ revokeInvitation(id: $id) {{ invitation {{ open }} {ERRORS} }} }}"
    assert (await admin.ask(revoke, id=made["invitation"]["id"]))["invitation"] == {"open": False}
    at = clock.now() + timedelta(days=7, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: at)
    for token in tokens:
        assert await visitor.codes(ACCEPT, input={"token": token, "password": PASSWORD}) == ["INVITATION_INVALID"]


@pytest.mark.parametrize("role", [Role.PLATFORM_ADMIN, Role.ANONYMOUS])
async def test_nobody_invites_above_everybody(world: World, role: Role) -> None:
    assert await (await world.admin()).codes(INVITE, input=invitee(role)) == ["ROLE_NOT_GRANTABLE"]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PARTNER_ADMIN, Role.PARTNER_USER}))
async def test_a_partner_invites_to_partner_roles_only(world: World, role: Role) -> None:
    assert await (await world.partner_admin()).codes(INVITE, input=invitee(role)) == ["ROLE_NOT_GRANTABLE"]
    assert await world.count(Invitation, Invitation.entity_id == world.portal.entity_id) == 0


async def test_a_partner_invites_within_its_subtree_only(world: World) -> None:
    admin = await world.partner_admin()

    async def invite(organization: Contact | None) -> Any:
        where = {"organizationId": gid("Organization", organization.id)} if organization else {}
        return await admin.ask(INVITE, input=invitee(Role.PARTNER_USER, **where))

    assert (await invite(None))["invitation"]["organization"] == {"name": world.partner.name}
    assert (await invite(world.dealer))["invitation"]["organization"] == {"name": world.dealer.name}
    for beyond in (world.other, await world.beside.organization()):
        assert [error["code"] for error in (await invite(beyond))["userErrors"]] == ["NOT_FOUND"]
    dealer_admin = await world.partner_admin(world.dealer)
    above = invitee(Role.PARTNER_USER, organizationId=gid("Organization", world.partner.id))
    assert await dealer_admin.codes(INVITE, input=above) == ["NOT_FOUND"]


async def test_an_admin_does_not_invite_into_another_entity(world: World) -> None:
    admin = await world.admin()
    elsewhere = invitee(Role.PLANNER, entityId=gid("BusinessEntity", world.beside.entity_id))
    assert await admin.codes(INVITE, input=elsewhere) == ["NOT_FOUND"]
    unknown = invitee(Role.PLANNER, entityId=gid("BusinessEntity", uuid4()))
    assert await admin.codes(INVITE, input=unknown) == ["NOT_FOUND"]
    theirs = invitee(Role.PARTNER_USER, organizationId=gid("Organization", (await world.beside.organization()).id))
    assert await admin.codes(INVITE, input=theirs) == ["NOT_FOUND"]


@pytest.mark.parametrize("role", [Role.OPERATIONS, Role.PLANNER, Role.PARTNER_USER])
async def test_who_administers_nothing_invites_nobody(world: World, role: Role) -> None:
    organization = world.partner if role is Role.PARTNER_USER else None
    asker = world.as_(await world.member(role, organization))
    assert await asker.error(INVITE, input=invitee(Role.PARTNER_USER)) == "FORBIDDEN"


async def test_roles_need_what_they_are_about(world: World) -> None:
    admin = await world.admin()
    for role in (Role.PARTNER_USER, Role.CUSTOMER, Role.TECHNICIAN):
        assert await admin.codes(INVITE, input=invitee(role)) == ["REQUIRED"]
    person, stranger = await world.portal.person("c@people.example"), await world.beside.person("d@people.example")
    assert await admin.codes(INVITE, input=invitee(Role.CUSTOMER, contactId=gid("Contact", person.id))) == []
    assert await admin.codes(INVITE, input=invitee(Role.CUSTOMER, contactId=gid("Contact", stranger.id))) == [
        "NOT_FOUND"
    ]


# --- taking access away -------------------------------------------------------------------------------------------

REVOKE = f"mutation ($id: ID!) {{ revokeMembership(id: $id) {{ membership {{ status }} {ERRORS} }} }}"
SUSPEND = f"mutation ($id: ID!) {{ suspendUser(id: $id) {{ user {{ status }} {ERRORS} }} }}"
REACTIVATE = f"mutation ($id: ID!) {{ reactivateUser(id: $id) {{ user {{ status }} {ERRORS} }} }}"


async def test_a_revoked_membership_ends_its_logins(world: World) -> None:
    admin, member = await world.admin(), await world.member(Role.PLANNER)
    token = await access_token_for(world.database, world.settings, member.id, host=world.portal.host)
    done = await admin.ask(REVOKE, id=gid("Membership", member.id))
    assert done["membership"] == {"status": "REVOKED"}
    standing.forget(world.database)
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(world.database, world.settings, bearer=token, host=world.portal.host)
    assert (
        await world.count(LoginSession, LoginSession.membership_id == member.id, LoginSession.ended_at.is_(None)) == 0
    )
    assert await world.events(member.id) == ["membership.revoked"]


async def test_a_membership_out_of_reach_does_not_exist(world: World) -> None:
    admin, partner = await world.admin(), await world.partner_admin()
    foreign = await world.member(Role.PLANNER, portal=world.beside)
    platform = await world.member(Role.PLATFORM_ADMIN)
    for asker, target in ((admin, foreign), (admin, platform)):
        assert await asker.codes(REVOKE, id=gid("Membership", target.id)) == ["NOT_FOUND"]
        assert await asker.codes(SUSPEND, id=gid("User", target.user_id)) == ["NOT_FOUND"]
    staff, other = await world.member(Role.PLANNER), await world.member(Role.PARTNER_USER, world.other)
    for target in (staff, other):
        assert await partner.codes(REVOKE, id=gid("Membership", target.id)) == ["NOT_FOUND"]
        assert await partner.codes(SUSPEND, id=gid("User", target.user_id)) == ["NOT_FOUND"]
    assert (
        await world.count(Membership, Membership.status != "ACTIVE", Membership.entity_id == world.portal.entity_id)
        == 0
    )


async def test_a_dealer_does_not_shut_out_who_is_above_it(world: World) -> None:
    above = await world.member(Role.PARTNER_ADMIN, world.partner)
    dealer = await world.partner_admin(world.dealer)
    assert await dealer.codes(REVOKE, id=gid("Membership", above.id)) == ["NOT_FOUND"]


async def test_nobody_shuts_out_themselves(world: World) -> None:
    membership = await world.member(Role.TENANT_ADMIN)
    admin = world.as_(membership)
    assert await admin.codes(REVOKE, id=gid("Membership", membership.id)) == ["NOT_ON_ONESELF"]
    assert await admin.codes(SUSPEND, id=gid("User", membership.user_id)) == ["NOT_ON_ONESELF"]


async def test_a_tenant_admin_suspends_in_its_own_entity_only(world: World) -> None:
    here = await world.member(Role.PLANNER)
    async with world.database.session(SYSTEM) as session:
        user = await session.get_one(UserAccount, here.user_id)
    there = await world.beside.member(Role.PLANNER, user=user)
    tokens = {
        portal.host: await access_token_for(world.database, world.settings, membership.id, host=portal.host)
        for portal, membership in ((world.portal, here), (world.beside, there))
    }
    admin = await world.admin()
    assert (await admin.ask(SUSPEND, id=gid("User", user.id)))["user"] == {"status": "ACTIVE"}
    standing.forget(world.database)
    with pytest.raises(Unauthenticated):
        await authenticate(world.database, world.settings, bearer=tokens[world.portal.host], host=world.portal.host)
    left = await authenticate(world.database, world.settings, bearer=tokens[world.beside.host], host=world.beside.host)
    assert left.entity_ids == (world.beside.entity_id,)
    await admin.ask(REACTIVATE, id=gid("User", user.id))
    assert await world.count(Membership, Membership.user_id == user.id, Membership.status == "ACTIVE") == 2
    assert await world.events(here.id) == ["membership.suspended", "membership.reactivated"]


async def test_a_platform_admin_suspends_everywhere(world: World) -> None:
    member = await world.member(Role.PLANNER)
    token = await access_token_for(world.database, world.settings, member.id, host=world.portal.host)
    platform = world.as_(await world.member(Role.PLATFORM_ADMIN))
    assert (await platform.ask(SUSPEND, id=gid("User", member.user_id)))["user"] == {"status": "SUSPENDED"}
    standing.forget(world.database)
    with pytest.raises(Unauthenticated):
        await authenticate(world.database, world.settings, bearer=token, host=world.portal.host)
    assert (await platform.ask(REACTIVATE, id=gid("User", member.user_id)))["user"] == {"status": "ACTIVE"}
    assert await world.events(member.user_id) == ["user.suspended", "user.reactivated"]


# --- one's own account --------------------------------------------------------------------------------------------

ENROL = f"mutation ($password: String) {{ enrolTotp(password: $password) {{ secret uri {ERRORS} }} }}"
CONFIRM = f"mutation ($code: String!) {{ confirmTotp(code: $code) {{ recoveryCodes {ERRORS} }} }}"
DISABLE = f"""mutation ($code: String!, $password: String) {{
  disableTotp(code: $code, password: $password) {{ done {ERRORS} }} }}"""
CHANGE = f"""mutation ($old: String, $new: String!) {{
  changePassword(password: $old, newPassword: $new) {{ done {ERRORS} }} }}"""


async def test_the_second_factor_goes_on_and_off_with_proof(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    member = await world.member(Role.PLANNER)
    asker = world.as_(member)
    assert await asker.codes(ENROL, password="wrong") == ["PASSWORD_WRONG"]
    enrolled = await asker.ask(ENROL, password=PASSWORD)
    assert enrolled["uri"].startswith("otpauth://totp/")
    totp = pyotp.TOTP(enrolled["secret"])
    assert await asker.codes(CONFIRM, code="000000") == ["TOTP_CODE_WRONG"]
    code = totp.at(clock.now())
    assert len((await asker.ask(CONFIRM, code=code))["recoveryCodes"]) == 10
    assert await asker.codes(ENROL, password=PASSWORD) == ["SECOND_FACTOR_ON"]
    assert await asker.codes(DISABLE, code=code, password=PASSWORD) == ["TOTP_CODE_WRONG"]
    at = clock.now() + timedelta(seconds=31)
    monkeypatch.setattr(clock, "now", lambda: at)
    assert await asker.codes(DISABLE, code=totp.at(at), password="wrong") == ["PASSWORD_WRONG"]
    assert (await asker.ask(DISABLE, code=totp.at(at), password=PASSWORD))["done"] is True
    assert await world.events(member.user_id) == ["user.second_factor_enabled", "user.second_factor_disabled"]


async def test_guessing_ones_own_password_is_stopped(world: World) -> None:
    asker = world.as_(await world.member(Role.PLANNER))
    answers = [(await asker.codes(ENROL, password="wrong"))[0] for _ in range(11)]
    assert answers == ["PASSWORD_WRONG"] * 10 + ["RATE_LIMITED"]


async def test_a_changed_password_ends_every_login(world: World) -> None:
    member = await world.member(Role.PLANNER)
    token = await access_token_for(world.database, world.settings, member.id, host=world.portal.host)
    asker = world.as_(member)
    assert await asker.codes(CHANGE, old="wrong", new="a new passphrase here") == ["PASSWORD_WRONG"]
    assert await asker.codes(CHANGE, old=PASSWORD, new="short") == ["PASSWORD_TOO_SHORT"]
    assert await asker.codes(CHANGE, old=PASSWORD, new="wachtwoord1234") == ["PASSWORD_TOO_EASY"]
    assert (await asker.ask(CHANGE, old=PASSWORD, new="a new passphrase here"))["done"] is True
    standing.forget(world.database)
    with pytest.raises(Unauthenticated, match="TOKEN_REVOKED"):
        await authenticate(world.database, world.settings, bearer=token, host=world.portal.host)


async def test_a_key_has_no_account_of_its_own(world: World) -> None:
    key = Asker(world, actor(Role.OPERATIONS, world.portal.entity_id))
    assert await key.codes(ENROL, password=None) == ["NO_USER"]
    assert await key.codes(CHANGE, old=None, new="a new passphrase here") == ["NO_USER"]


# --- API keys -----------------------------------------------------------------------------------------------------


async def test_a_key_is_shown_once_and_works(world: World) -> None:
    admin = await world.partner_admin()
    made = await admin.ask(CREATE_KEY, input={"name": "ERP", "scopes": ["orders:read", "leads:submit"]})
    assert made["apiKey"]["organization"] == {"name": world.partner.name}
    assert made["secret"].startswith(f"cck_{made['apiKey']['prefix']}_")
    acting = await authenticate(world.database, world.settings, bearer=made["secret"], host=world.portal.host)
    assert (acting.role, acting.organization_id) == (Role.PARTNER_USER, world.partner.id)
    assert {Permission.ORDERS_READ, Permission.LEADS_SUBMIT} < acting.permissions
    found = await admin.ask("{ apiKeys { nodes { prefix lastUsedAt } } }")
    assert [node["prefix"] for node in found["nodes"]] == [made["apiKey"]["prefix"]]
    assert found["nodes"][0]["lastUsedAt"]


@pytest.mark.parametrize("scope", ["users:invite", "api-keys:manage", "quotes:sign", "catalog:write", "made:up", ""])
async def test_a_partners_key_cannot_hold_more_than_a_partner(world: World, scope: str) -> None:
    admin = await world.partner_admin()
    given = {"name": "K", "scopes": ["orders:read", scope]}
    assert await admin.codes(CREATE_KEY, input=given) == ["SCOPE_NOT_GRANTABLE"]
    assert await admin.codes(CREATE_KEY, input={"name": "K", "scopes": []}) == ["REQUIRED"]
    assert await world.count(ApiKey, ApiKey.entity_id == world.portal.entity_id) == 0


async def test_a_narrowed_login_gives_no_more_than_it_has(world: World) -> None:
    narrow = frozenset({Permission.API_KEYS_MANAGE, Permission.LEADS_READ})
    admin = world.as_(await world.member(Role.TENANT_ADMIN), permissions=narrow)
    assert await admin.codes(CREATE_KEY, input={"name": "K", "scopes": ["orders:read"]}) == ["SCOPE_NOT_GRANTABLE"]
    assert await admin.codes(CREATE_KEY, input={"name": "K", "scopes": ["leads:read"]}) == []


async def test_keys_stay_within_entity_and_subtree(world: World) -> None:
    partner, admin = await world.partner_admin(), await world.admin()
    beyond = {"name": "K", "scopes": ["orders:read"], "organizationId": gid("Organization", world.other.id)}
    assert await partner.codes(CREATE_KEY, input=beyond) == ["NOT_FOUND"]
    foreign = beyond | {"organizationId": gid("Organization", (await world.beside.organization()).id)}
    assert await admin.codes(CREATE_KEY, input=foreign) == ["NOT_FOUND"]
    elsewhere = {"name": "K", "scopes": ["orders:read"], "entityId": gid("BusinessEntity", world.beside.entity_id)}
    assert await admin.codes(CREATE_KEY, input=elsewhere) == ["NOT_FOUND"]
    own = await admin.ask(CREATE_KEY, input={"name": "K", "scopes": ["orders:read"]})
    for document in (ROTATE_KEY, REVOKE_KEY):
        assert await partner.codes(document, id=own["apiKey"]["id"]) == ["NOT_FOUND"]


async def test_rotation_overlaps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = await world.admin()
    old = await admin.ask(CREATE_KEY, input={"name": "K", "scopes": ["orders:read"]})
    new = await admin.ask(ROTATE_KEY, id=old["apiKey"]["id"])
    assert new["apiKey"]["replacesId"] == old["apiKey"]["id"]

    async def works(secret: str) -> bool:
        standing.forget(world.database)
        try:
            await authenticate(world.database, world.settings, bearer=secret, host=world.portal.host)
        except Unauthenticated:
            return False
        return True

    assert (await works(old["secret"]), await works(new["secret"])) == (True, True)
    assert await admin.codes(ROTATE_KEY, id=old["apiKey"]["id"]) == ["CONFLICT"]
    at = clock.now() + timedelta(days=7, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: at)
    assert (await works(old["secret"]), await works(new["secret"])) == (False, True)


async def test_the_overlap_is_chosen_and_bounded(world: World) -> None:
    admin = await world.admin()
    old = await admin.ask(CREATE_KEY, input={"name": "K", "scopes": ["orders:read"]})
    too_long = (clock.now() + timedelta(days=91)).isoformat()
    assert await admin.codes(ROTATE_KEY, id=old["apiKey"]["id"], until=too_long) == ["OUT_OF_RANGE"]
    await admin.ask(ROTATE_KEY, id=old["apiKey"]["id"], until=clock.now().isoformat())
    with pytest.raises(Unauthenticated, match="KEY_EXPIRED"):
        await authenticate(world.database, world.settings, bearer=old["secret"], host=world.portal.host)


async def test_a_revoked_key_is_dead_and_cannot_be_rotated(world: World) -> None:
    admin = await world.admin()
    made = await admin.ask(CREATE_KEY, input={"name": "K", "scopes": ["orders:read"]})
    assert (await admin.ask(REVOKE_KEY, id=made["apiKey"]["id"]))["apiKey"]["revokedAt"]
    with pytest.raises(Unauthenticated, match="KEY_INVALID"):
        await authenticate(world.database, world.settings, bearer=made["secret"], host=world.portal.host)
    assert await admin.codes(ROTATE_KEY, id=made["apiKey"]["id"]) == ["INVALID_STATE"]
    async with world.database.session(SYSTEM) as session:
        key = (await session.scalars(select(ApiKey.id).where(ApiKey.prefix == made["apiKey"]["prefix"]))).one()
    assert await world.events(key) == ["api_key.created", "api_key.revoked"]


async def test_an_expiry_in_the_past_is_refused(world: World) -> None:
    given = {"name": "K", "scopes": ["orders:read"], "expiresAt": clock.now().isoformat()}
    assert await (await world.admin()).codes(CREATE_KEY, input=given) == ["OUT_OF_RANGE"]


# --- applications and providers -----------------------------------------------------------------------------------

PROVIDER = {
    "name": "Staff",
    "issuer": "https://login.example",
    "clientId": "us",
    "clientSecret": "our secret there",
    "emailDomains": ["Example.nl"],
}
CREATE_PROVIDER = f"""mutation ($input: CreateIdentityProviderInput!) {{ createIdentityProvider(input: $input) {{
  identityProvider {{ id issuer emailDomains callbackPath enabled }} {ERRORS} }} }}"""
UPDATE_PROVIDER = f"""mutation ($input: UpdateIdentityProviderInput!) {{ updateIdentityProvider(input: $input) {{
  identityProvider {{ name enabled emailDomains }} {ERRORS} }} }}"""


async def test_a_partners_application_for_itself(world: World) -> None:
    admin = await world.partner_admin()
    given = {"name": "App", "scopes": ["orders:read"], "grantTypes": ["client_credentials"]}
    made = await admin.ask(CREATE_CLIENT, input=given)
    assert made["secret"]
    rotated = await admin.ask(
        f"mutation ($id: ID!) {{ rotateOauthClientSecret(id: $id) {{ secret {ERRORS} }} }}",
        id=made["oauthClient"]["id"],
    )
    assert rotated["secret"] not in (None, made["secret"])
    revoked = await admin.ask(
        f"mutation ($id: ID!) {{ revokeOauthClient(id: $id) {{ oauthClient {{ revokedAt }} {ERRORS} }} }}",
        id=made["oauthClient"]["id"],
    )
    assert revoked["oauthClient"]["revokedAt"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"redirectUris": ["http://a.example/"]}, "REDIRECT_URI_INVALID"),
        ({"redirectUris": []}, "REQUIRED"),
        ({"grantTypes": ["password"]}, "NOT_A_CHOICE"),
        ({"grantTypes": ["client_credentials"], "public": True}, "NOT_A_CHOICE"),
        ({"scopes": ["users:invite"]}, "SCOPE_NOT_GRANTABLE"),
        ({"name": " "}, "REQUIRED"),
    ],
)
async def test_an_unsafe_application_is_not_registered(world: World, changes: dict[str, Any], code: str) -> None:
    given = {"name": "App", "scopes": ["orders:read"], "redirectUris": ["https://a.example/cb"]} | changes
    assert await (await world.admin()).codes(CREATE_CLIENT, input=given) == [code]


async def test_a_provider_is_added_with_its_secret_encrypted(world: World) -> None:
    admin = await world.admin()
    made = await admin.ask(CREATE_PROVIDER, input=PROVIDER)
    assert made["identityProvider"]["emailDomains"] == ["example.nl"]
    assert made["identityProvider"]["callbackPath"].startswith("/auth/oidc/")
    async with world.database.session(SYSTEM) as session:
        query = select(IdentityProvider).where(IdentityProvider.entity_id == world.portal.entity_id)
        kept = (await session.scalars(query)).one()
    assert PROVIDER["clientSecret"].encode() not in kept.client_secret  # type: ignore[attr-defined]
    changed = await admin.ask(
        UPDATE_PROVIDER, input={"id": made["identityProvider"]["id"], "enabled": False, "name": "Old"}
    )
    assert changed["identityProvider"] == {"name": "Old", "enabled": False, "emailDomains": ["example.nl"]}
    assert await world.events(kept.id) == ["identity_provider.created", "identity_provider.updated"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer": "http://login.example"}, "ISSUER_INVALID"),
        ({"issuer": "https://user@login.example"}, "ISSUER_INVALID"),
        ({"issuer": "https://login.example?x"}, "ISSUER_INVALID"),
        ({"issuer": "https://[::1"}, "ISSUER_INVALID"),
        ({"emailDomains": ["nl"]}, "INVALID_INPUT"),
        ({"emailDomains": ["a@b.nl"]}, "INVALID_INPUT"),
        ({"defaultRole": "PARTNER_ADMIN"}, "ROLE_NOT_GRANTABLE"),
        ({"clientSecret": ""}, "REQUIRED"),
    ],
    ids=str,
)
async def test_a_wrong_provider_is_refused(world: World, changes: dict[str, Any], code: str) -> None:
    assert await (await world.admin()).codes(CREATE_PROVIDER, input=PROVIDER | changes) == [code]


async def test_a_provider_is_its_entitys(world: World) -> None:
    made = await (await world.admin()).ask(CREATE_PROVIDER, input=PROVIDER)
    stranger = world.as_(await world.member(Role.TENANT_ADMIN, portal=world.beside))
    change = {"id": made["identityProvider"]["id"], "enabled": False}
    assert await stranger.codes(UPDATE_PROVIDER, input=change) == ["NOT_FOUND"]
    elsewhere = PROVIDER | {"entityId": gid("BusinessEntity", world.portal.entity_id)}
    assert await stranger.codes(CREATE_PROVIDER, input=elsewhere) == ["NOT_FOUND"]
    partner = await world.partner_admin()
    assert await partner.error(CREATE_PROVIDER, input=PROVIDER) == "FORBIDDEN"
