"""What happens to those who may work with the platform. Payloads hold no address and no secret."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class UserInvited(Payload):
    type = "user.invited"
    subject_type = "Invitation"
    role: str


@dataclass(frozen=True)
class InvitationAccepted(Payload):
    type = "invitation.accepted"
    subject_type = "Invitation"
    role: str


@dataclass(frozen=True)
class InvitationRevoked(Payload):
    type = "invitation.revoked"
    subject_type = "Invitation"
    role: str


@dataclass(frozen=True)
class MembershipGranted(Payload):
    type = "membership.granted"
    subject_type = "Membership"
    role: str


@dataclass(frozen=True)
class MembershipRevoked(Payload):
    type = "membership.revoked"
    subject_type = "Membership"
    role: str


@dataclass(frozen=True)
class MembershipSuspended(Payload):
    type = "membership.suspended"
    subject_type = "Membership"
    role: str


@dataclass(frozen=True)
class MembershipReactivated(Payload):
    type = "membership.reactivated"
    subject_type = "Membership"
    role: str


@dataclass(frozen=True)
class UserSuspended(Payload):
    type = "user.suspended"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class UserReactivated(Payload):
    type = "user.reactivated"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class PasswordChanged(Payload):
    type = "user.password_changed"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class SecondFactorEnabled(Payload):
    type = "user.second_factor_enabled"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class SecondFactorDisabled(Payload):
    type = "user.second_factor_disabled"
    subject_type = "User"
    internal = True


@dataclass(frozen=True)
class ApiKeyCreated(Payload):
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
    type = "api_key.revoked"
    subject_type = "ApiKey"
    prefix: str


@dataclass(frozen=True)
class OAuthClientCreated(Payload):
    type = "oauth_client.created"
    subject_type = "OAuthClient"
    client_id: str
    scopes: list[str]


@dataclass(frozen=True)
class OAuthClientSecretRotated(Payload):
    type = "oauth_client.secret_rotated"
    subject_type = "OAuthClient"
    client_id: str


@dataclass(frozen=True)
class OAuthClientRevoked(Payload):
    type = "oauth_client.revoked"
    subject_type = "OAuthClient"
    client_id: str


@dataclass(frozen=True)
class IdentityProviderCreated(Payload):
    type = "identity_provider.created"
    subject_type = "IdentityProvider"
    internal = True
    issuer: str


@dataclass(frozen=True)
class IdentityProviderUpdated(Payload):
    type = "identity_provider.updated"
    subject_type = "IdentityProvider"
    internal = True
    issuer: str
