"""Inviting people, taking access away, and a person's own password and second factor."""

from typing import Annotated
from uuid import UUID

import strawberry

from api.context import Info
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.reading import PUBLIC, read_in
from api.users import Invitation, Membership, User
from domain.errors import RateLimited, language_of
from domain.users import account, invitations, memberships
from domain.users.invitations import Invitee
from domain.users.rights import check_person
from tenants.acting import acting_as
from tenants.auth.errors import TooManyAttempts
from tenants.auth.limits import Attempts, Limit
from tenants.permissions import Permission, Role
from tenants.rate import take

_INVITATIONS = 100
_HOUR = 3600
_GUESSES = 10


@strawberry.input(description="Whom to invite to what.")
class InviteUserInput:
    email: str = strawberry.field(description="Address; the invitation is mailed there.")
    name: str = strawberry.field(description="Full name, 1 to 200 characters.")
    role: Role = strawberry.field(description="The role to offer; never above your own.")
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity; your only one if left out."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organization of a partner's role; a partner's own if left out."
    )
    contact_id: strawberry.ID | None = strawberry.field(
        default=None, description="The customer's record, for a customer's role."
    )
    team_id: strawberry.ID | None = strawberry.field(default=None, description="The team of a technician.")
    language: str | None = strawberry.field(default=None, description="Of the mail, `nl` or `en`; yours if left out.")


@strawberry.type(description="What inviteUser and revokeInvitation return.")
class InvitationPayload(Payload):
    invitation: Invitation | None = strawberry.field(default=None, description="The invitation as it is now.")


@strawberry.input(description="Accepting an invitation.")
class AcceptInvitationInput:
    token: str = strawberry.field(description="What stands after the # in the mailed link.")
    name: str | None = strawberry.field(default=None, description="Full name of a new user; as invited if left out.")
    password: str | None = strawberry.field(
        default=None, description="Password of a new user, 12 to 200 characters; who has one keeps it."
    )


@strawberry.type(description="What acceptInvitation returns.")
class AcceptInvitationPayload(Payload):
    email: str | None = strawberry.field(default=None, description="The address to log in with now.")
    role: Role | None = strawberry.field(default=None, description="The role that was accepted.")


@strawberry.type(description="What revokeMembership returns.")
class RevokeMembershipPayload(Payload):
    membership: Membership | None = strawberry.field(default=None, description="The membership as it is now.")


@strawberry.type(description="What suspendUser and reactivateUser return.")
class UserPayload(Payload):
    user: User | None = strawberry.field(default=None, description="The user as it is now.")


@strawberry.type(description="What enrolTotp returns; shown once.")
class EnrolTotpPayload(Payload):
    secret: str | None = strawberry.field(default=None, description="The secret, in base 32, to type over.")
    uri: str | None = strawberry.field(default=None, description="The same as an otpauth URI, for a QR code.")


@strawberry.type(description="What confirmTotp returns.")
class ConfirmTotpPayload(Payload):
    recovery_codes: list[str] = strawberry.field(
        default_factory=list, description="Each replaces the app once; shown once."
    )


@strawberry.type(description="What disableTotp and changePassword return.")
class DonePayload(Payload):
    done: bool = strawberry.field(default=False, description="Whether it was done.")


InvitationId = Annotated[strawberry.ID, strawberry.argument(description="The invitation.")]
MembershipId = Annotated[strawberry.ID, strawberry.argument(description="The membership.")]
UserId = Annotated[strawberry.ID, strawberry.argument(description="The user.")]
Code = Annotated[str, strawberry.argument(description="What the authenticator app shows now, or a recovery code.")]
FirstCode = Annotated[str, strawberry.argument(description="What the authenticator app shows now.")]
Password = Annotated[str | None, strawberry.argument(description="Your password; left out where you have none.")]
NewPassword = Annotated[str, strawberry.argument(description="The new password, 12 to 200 characters.")]


@strawberry.type
class UserMutations:
    @mutation("Mails an invitation; an earlier one to the same role ends.", requires=Permission.USERS_INVITE)
    async def invite_user(self, info: Info, input: InviteUserInput) -> InvitationPayload:
        context = info.context
        await _count_invitation(info)
        async with context.system() as session:
            made = await invitations.invite(
                session, context.settings, context.actor, _invitee(info, input), context.request.host
            )
            async with acting_as(session, context.actor):
                return InvitationPayload(invitation=await read_in(session, info, "invitation", made.id))

    @mutation("Withdraws an invitation.", requires=Permission.USERS_INVITE)
    async def revoke_invitation(self, info: Info, id: InvitationId) -> InvitationPayload:
        async with info.context.system() as session:
            made = await invitations.revoke(session, info.context.actor, key_of("Invitation", id))
            async with acting_as(session, info.context.actor):
                return InvitationPayload(invitation=await read_in(session, info, "invitation", made.id))

    @mutation("Accepts a mailed invitation; log in afterwards.", requires=PUBLIC)
    async def accept_invitation(self, info: Info, input: AcceptInvitationInput) -> AcceptInvitationPayload:
        async with info.context.system() as session:
            made = await invitations.accept(session, input.token, input.name, input.password)
            return AcceptInvitationPayload(email=made.email, role=Role(made.role))

    @mutation("Takes a membership away for good, with the logins that use it.", requires=Permission.USERS_INVITE)
    async def revoke_membership(self, info: Info, id: MembershipId) -> RevokeMembershipPayload:
        async with info.context.system() as session:
            kept = await memberships.revoke(session, info.context.actor, key_of("Membership", id))
            async with acting_as(session, info.context.actor):
                return RevokeMembershipPayload(membership=await read_in(session, info, "membership", kept.id))

    @mutation(
        "Shuts a user out of what you administer, until reactivateUser; a platform administrator: of everything.",
        requires=Permission.USERS_INVITE,
    )
    async def suspend_user(self, info: Info, id: UserId) -> UserPayload:
        async with info.context.system() as session:
            kept = await memberships.suspend(session, info.context.actor, key_of("User", id))
            async with acting_as(session, info.context.actor):
                return UserPayload(user=await read_in(session, info, "user", kept.id))

    @mutation("Lets a suspended user in again.", requires=Permission.USERS_INVITE)
    async def reactivate_user(self, info: Info, id: UserId) -> UserPayload:
        async with info.context.system() as session:
            kept = await memberships.reactivate(session, info.context.actor, key_of("User", id))
            async with acting_as(session, info.context.actor):
                return UserPayload(user=await read_in(session, info, "user", kept.id))

    @mutation("A secret for an authenticator app; confirmTotp puts it in force.", requires=Permission.SIGNED_IN)
    async def enrol_totp(self, info: Info, password: Password = None) -> EnrolTotpPayload:
        context = info.context
        user_id = await _guessing(info)
        issuer = context.brand.name if context.brand else "ChargeCars"
        async with context.system() as session:
            made = await account.enrol(session, context.settings, user_id, password, issuer)
            return EnrolTotpPayload(secret=made.secret, uri=made.uri)

    @mutation("Turns the second factor on with a code of the app.", requires=Permission.SIGNED_IN)
    async def confirm_totp(self, info: Info, code: FirstCode) -> ConfirmTotpPayload:
        user_id = await _guessing(info)
        async with info.context.system() as session:
            codes = await account.confirm(session, info.context.settings, user_id, code)
            return ConfirmTotpPayload(recovery_codes=codes)

    @mutation("Turns the second factor off.", requires=Permission.SIGNED_IN)
    async def disable_totp(self, info: Info, code: Code, password: Password = None) -> DonePayload:
        user_id = await _guessing(info)
        async with info.context.system() as session:
            await account.disable(session, info.context.settings, user_id, password, code)
            return DonePayload(done=True)

    @mutation("Replaces your password; every login of yours ends, this one too.", requires=Permission.SIGNED_IN)
    async def change_password(self, info: Info, new_password: NewPassword, password: Password = None) -> DonePayload:
        user_id = await _guessing(info)
        async with info.context.system() as session:
            await account.change_password(session, user_id, password, new_password)
            return DonePayload(done=True)


def _invitee(info: Info, input: InviteUserInput) -> Invitee:
    return Invitee(
        email=input.email,
        name=input.name,
        role=input.role,
        entity_id=optional_key("BusinessEntity", input.entity_id, "entityId"),
        organization_id=optional_key("Organization", input.organization_id, "organizationId"),
        contact_id=optional_key("Contact", input.contact_id, "contactId"),
        team_id=optional_key("Team", input.team_id, "teamId"),
        language=language_of(input.language or info.context.language),
    )


async def _count_invitation(info: Info) -> None:
    """Invitations are mail to strangers with our name on it."""
    taken = await take(info.context.redis, f"invitations:{info.context.actor.user_id}", _INVITATIONS, _HOUR)
    if not taken.allowed:
        raise RateLimited(seconds=taken.retry_after)


async def _guessing(info: Info) -> UUID:
    """The person who asks, with one guess at its password or code counted."""
    user_id = check_person(info.context.actor)
    try:
        await Attempts(info.context.redis).take([Limit("own-account", str(user_id), _GUESSES)])
    except TooManyAttempts as error:
        raise RateLimited(seconds=error.retry_after) from None
    return user_id
