"""Users, their memberships and invitations, and who is asking."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import func, select

from api.context import Info
from api.enums import described
from api.listing import by_key
from api.reading import (
    PUBLIC,
    Connection,
    DateTimeFilter,
    EnumFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    TextSearchFilter,
    column,
    condition,
    expression,
    field,
    filters,
    global_id,
    match,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
    related_connection,
)
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.auth.models import Invitation as InvitationRow
from tenants.models import BusinessEntity as EntityRow
from tenants.models import Membership as MembershipRow
from tenants.models import MembershipStatus, UserAccount, UserStatus
from tenants.permissions import Permission, Role

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.organizations import Organization
    from api.teams import Team

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
TeamRef = Annotated["Team", strawberry.lazy("api.teams")]

described(
    Role,
    "What a person is to a business entity.",
    PLATFORM_ADMIN="Runs the platform, across all entities.",
    TENANT_ADMIN="Administers a business entity: its people, keys, brands and settings.",
    OPERATIONS="Handles leads, quotes and orders.",
    PLANNER="Plans visits.",
    FINANCE="Keeps prices and invoices.",
    TECHNICIAN="Does the work, in a team.",
    PARTNER_ADMIN="Administers a partner organization and those below it.",
    PARTNER_USER="Works for a partner organization.",
    CUSTOMER="Buys.",
    CHARGER_OWNER="Rents out a charging station.",
    EV_DRIVER="Charges.",
    ANONYMOUS="Visits a portal without logging in.",
)
described(
    UserStatus,
    "Whether a user can log in.",
    ACTIVE="The user can log in.",
    SUSPENDED="The user is shut out everywhere.",
)
described(
    MembershipStatus,
    "Whether a membership gives access.",
    ACTIVE="It gives access.",
    SUSPENDED="It gives none for the time being.",
    REVOKED="It was taken away.",
)


def membership_source(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity walk its index."""
    own = listing.audience is Audience.STAFF and listing.one_entity
    return Source(where=[row.entity_id == listing.actor.entity_id]) if own else None


@reads(MembershipRow, source=membership_source)
@strawberry.type(description="What a user is to a business entity: a role, and whose.")
class Membership(Node):
    role: Role = column("The role.")
    status: MembershipStatus = column("Whether it gives access.")
    created_at: datetime = column("Since when.")
    user: Annotated["User", strawberry.lazy("api.users")] | None = related(
        "The person.", on=lambda m, u: u.id == m.user_id
    )
    entity: EntityRef | None = related(
        "The business entity; none for a platform administrator.", on=lambda m, e: e.id == m.entity_id
    )
    organization: OrganizationRef | None = related(
        "The partner that the person works for.", on=lambda m, o: o.id == m.organization_id
    )
    contact: ContactRef | None = related("The customer's record.", on=lambda m, c: c.id == m.contact_id)
    team: TeamRef | None = related("The technician's team.", on=lambda m, t: t.id == m.team_id)


@filters(MembershipRow)
@strawberry.input(description="Which memberships; all conditions hold together.")
class MembershipFilter:
    role: EnumFilter[Role] | None = match("By role.")
    status: EnumFilter[MembershipStatus] | None = match("By status.")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: strawberry.ID | None = match("Of this organization.", node="Organization")
    user_id: strawberry.ID | None = match("Of this user.", node="User")


MEMBERSHIP_SORT = Sort(MembershipRow, created_at="When it was given.", default="-created_at")


@reads(UserAccount, source=by_key("user"))
@strawberry.type(description="A person's login.")
class User(Node):
    email: str = column("Address to log in with.")
    name: str = column("Full name.")
    language: str = column("Language of messages and mail, `nl` or `en`.")
    status: UserStatus = column("Whether the user can log in.")
    second_factor: bool = expression(
        "Whether a login asks for a code of an authenticator app.", lambda u: u.totp_confirmed_at.is_not(None)
    )
    last_login_at: datetime | None = column("When the user last logged in.")
    created_at: datetime = column("Since when.")
    memberships: Connection[Membership] = related_connection(
        "What the user is to which entity, as far as you may see.",
        on=lambda u, m: m.user_id == u.id,
        filter=MembershipFilter,
        order=MEMBERSHIP_SORT,
    )


@filters(UserAccount)
@strawberry.input(description="Which users; all conditions hold together.")
class UserFilter:
    email: TextFilter | None = match("By address, in lower case.")
    name: TextSearchFilter | None = match("By name.")
    status: EnumFilter[UserStatus] | None = match("By status.")
    role: Role | None = condition(
        "Who hold this role, as far as you may see.",
        lambda u, role: u.id.in_(
            select(MembershipRow.user_id).where(MembershipRow.role == role, MembershipRow.status == "ACTIVE")
        ),
    )


USER_SORT = Sort(
    UserAccount, created_at="When it was made.", name="By name.", email="By address.", default="-created_at"
)


@reads(InvitationRow, audiences=[Audience.STAFF, Audience.PARTNER, Audience.SYSTEM])
@strawberry.type(description="A mailed offer of a membership.")
class Invitation(Node):
    email: str = column("To whom it was mailed.")
    name: str = column("Name of the person.")
    role: Role = column("The role that is offered.")
    created_at: datetime = column("When it was sent.")
    expires_at: datetime = column("Until when it can be accepted.")
    accepted_at: datetime | None = column("When it was accepted.")
    revoked_at: datetime | None = column("When it was withdrawn, or replaced by a newer one.")
    open: bool = expression(
        "Whether it can be accepted.",
        lambda i: i.accepted_at.is_(None) & i.revoked_at.is_(None) & (i.expires_at > func.now()),
    )
    entity: EntityRef | None = related("The business entity.", on=lambda i, e: e.id == i.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda i, o: o.id == i.organization_id)


@filters(InvitationRow)
@strawberry.input(description="Which invitations; all conditions hold together.")
class InvitationFilter:
    email: TextFilter | None = match("By address, in lower case.")
    role: EnumFilter[Role] | None = match("By role.")
    accepted_at: DateTimeFilter | None = match("By when it was accepted.")
    revoked_at: DateTimeFilter | None = match("By when it was withdrawn.")


INVITATION_SORT = Sort(InvitationRow, created_at="When it was sent.", default="-created_at")


@strawberry.type(description="One of the memberships that you may log in with.")
class OwnMembership:
    id: strawberry.ID = strawberry.field(description="Its id.")
    role: Role = strawberry.field(description="The role.")
    entity_name: str | None = strawberry.field(description="The business entity; none for a platform administrator.")
    current: bool = strawberry.field(description="Whether you are logged in with it.")


async def own_memberships(info: Info) -> list[OwnMembership]:
    """Of itself a person may know everything; the role of this login would show the rows of that role only."""
    actor = info.context.actor
    if actor.user_id is None:
        return []
    query = (
        select(MembershipRow, EntityRow.name)
        .outerjoin(EntityRow, EntityRow.id == MembershipRow.entity_id)
        .where(MembershipRow.user_id == actor.user_id, MembershipRow.status == MembershipStatus.ACTIVE)
        .order_by(EntityRow.name.nulls_first(), MembershipRow.role, MembershipRow.id)
    )
    async with info.context.database.session(SYSTEM) as session:
        return [_own(membership, name, info) for membership, name in await session.execute(query)]


@strawberry.type(description="Who is asking, and what they may do.")
class Viewer:
    role: Role = strawberry.field(description="The role of this login.")
    audience: Audience = strawberry.field(description="For whom rows are read.")
    name: str = strawberry.field(description="Name of the person, key or application.")
    language: str = strawberry.field(description="Language of messages.")
    strong: bool = strawberry.field(description="Whether the login used a second factor.")
    permissions: list[str] = strawberry.field(description="What the login may do, in alphabetical order.")
    entity_ids: list[strawberry.ID] = strawberry.field(description="Business entities in which it holds the role.")
    user: User | None = strawberry.field(default=None, description="The person; none for a key or a visitor.")
    organization: OrganizationRef | None = strawberry.field(
        default=None, description="The partner that the login works for."
    )
    contact: ContactRef | None = strawberry.field(default=None, description="The customer's record.")

    memberships: list[OwnMembership] = strawberry.field(
        resolver=own_memberships, description="The active memberships of the person, at any portal."
    )


def _own(membership: MembershipRow, entity_name: str | None, info: Info) -> OwnMembership:
    actor = info.context.actor
    scope = (membership.role, membership.organization_id, membership.contact_id, membership.team_id)
    within = membership.entity_id is None or membership.entity_id in actor.entity_ids
    current = within and scope == (actor.role, actor.organization_id, actor.contact_id, actor.team_id)
    return OwnMembership(
        id=strawberry.ID(global_id("Membership", membership.id)),
        role=Role(membership.role),
        entity_name=entity_name,
        current=current,
    )


@strawberry.type
class UserQueries:
    @field("Who is asking, and what they may do.", requires=PUBLIC)
    async def viewer(self, info: Info) -> Viewer:
        actor = info.context.actor
        async with info.context.read() as session:
            return Viewer(
                role=actor.role,
                audience=actor.audience,
                name=actor.name,
                language=info.context.language,
                strong=actor.strong,
                permissions=sorted(permission.value for permission in actor.permissions),
                entity_ids=[strawberry.ID(global_id("BusinessEntity", id)) for id in actor.entity_ids],
                user=await read_in(session, info, "user", actor.user_id),
                organization=await read_in(session, info, "organization", actor.organization_id),
                contact=await read_in(session, info, "contact", actor.contact_id),
            )

    user: User | None = read_one("One user.", requires=Permission.USERS_READ)
    users: Connection[User] = read_connection(
        "Users that you may see.", filter=UserFilter, order=USER_SORT, requires=Permission.USERS_READ
    )
    memberships: Connection[Membership] = read_connection(
        "Memberships that you may see.",
        filter=MembershipFilter,
        order=MEMBERSHIP_SORT,
        requires=Permission.USERS_READ,
    )
    invitations: Connection[Invitation] = read_connection(
        "Invitations that you may see.",
        filter=InvitationFilter,
        order=INVITATION_SORT,
        requires=Permission.USERS_INVITE,
    )


TYPES = (User, Membership, Invitation)
