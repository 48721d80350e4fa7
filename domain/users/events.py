"""What happens to those who may work with the platform. Payloads hold no address and no secret."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class UserInvited(Payload):
    """Somebody was invited."""

    type = "user.invited"
    subject_type = "Invitation"
    role: str


@dataclass(frozen=True)
class InvitationAccepted(Payload):
    """Somebody accepted an invitation."""

    type = "invitation.accepted"
    subject_type = "Invitation"
    role: str


@dataclass(frozen=True)
class InvitationRevoked(Payload):
    """An invitation was taken back."""

    type = "invitation.revoked"
    subject_type = "Invitation"
    role: str


@dataclass(frozen=True)
class MembershipGranted(Payload):
    """A user got a role."""

    type = "membership.granted"
    subject_type = "Membership"
    role: str


@dataclass(frozen=True)
class MembershipRevoked(Payload):
    """A user lost a role for good."""

    type = "membership.revoked"
    subject_type = "Membership"
    role: str


@dataclass(frozen=True)
class MembershipSuspended(Payload):
    """A role does not hold for the time being."""

    type = "membership.suspended"
    subject_type = "Membership"
    role: str


@dataclass(frozen=True)
class MembershipReactivated(Payload):
    """A role that was suspended holds again."""

    type = "membership.reactivated"
    subject_type = "Membership"
    role: str


@dataclass(frozen=True)
class UserSuspended(Payload):
    """A user was shut out."""

    type = "user.suspended"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class UserReactivated(Payload):
    """A user that was shut out may log in again."""

    type = "user.reactivated"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class PasswordChanged(Payload):
    """A user has a new password."""

    type = "user.password_changed"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class SecondFactorEnabled(Payload):
    """A user logs in with a second factor."""

    type = "user.second_factor_enabled"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class SecondFactorDisabled(Payload):
    """A user logs in without a second factor."""

    type = "user.second_factor_disabled"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class ApiKeyCreated(Payload):
    """A key was made."""

    type = "api_key.created"
    subject_type = "ApiKey"
    prefix: str
    scopes: list[str]


@dataclass(frozen=True)
class ApiKeyRotated(Payload):
    """The subject is the new key."""

    type = "api_key.rotated"
    subject_type = "ApiKey"
    prefix: str
    replaces: str
    old_valid_until: str


@dataclass(frozen=True)
class ApiKeyRevoked(Payload):
    """A key no longer works."""

    type = "api_key.revoked"
    subject_type = "ApiKey"
    prefix: str


@dataclass(frozen=True)
class OAuthClientCreated(Payload):
    """An application was registered."""

    type = "oauth_client.created"
    subject_type = "OAuthClient"
    client_id: str
    scopes: list[str]


@dataclass(frozen=True)
class OAuthClientSecretRotated(Payload):
    """An application has a new secret."""

    type = "oauth_client.secret_rotated"
    subject_type = "OAuthClient"
    client_id: str


@dataclass(frozen=True)
class OAuthClientRevoked(Payload):
    """An application no longer works."""

    type = "oauth_client.revoked"
    subject_type = "OAuthClient"
    client_id: str


@dataclass(frozen=True)
class IdentityProviderCreated(Payload):
    """Users may log in through another identity provider."""

    type = "identity_provider.created"
    subject_type = "IdentityProvider"
    internal = True
    issuer: str


@dataclass(frozen=True)
class IdentityProviderUpdated(Payload):
    """An identity provider was changed."""

    type = "identity_provider.updated"
    subject_type = "IdentityProvider"
    internal = True
    issuer: str
