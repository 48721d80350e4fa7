"""Refusals about users, keys and applications."""

from domain.errors import Conflict, DomainError, InvalidInput


class PasswordTooShort(InvalidInput):
    code = "PASSWORD_TOO_SHORT"
    nl = "Het wachtwoord moet minstens {minimum} tekens hebben."
    en = "The password needs at least {minimum} characters."


class PasswordTooLong(InvalidInput):
    code = "PASSWORD_TOO_LONG"
    nl = "Het wachtwoord mag hoogstens {maximum} tekens hebben."
    en = "The password may have at most {maximum} characters."


class PasswordTooEasy(InvalidInput):
    code = "PASSWORD_TOO_EASY"
    nl = "Het wachtwoord is te makkelijk te raden."
    en = "The password is too easy to guess."


class PasswordWrong(InvalidInput):
    code = "PASSWORD_WRONG"
    nl = "Het wachtwoord klopt niet."
    en = "The password is wrong."


class CodeWrong(InvalidInput):
    code = "TOTP_CODE_WRONG"
    nl = "De code klopt niet of is al gebruikt."
    en = "The code is wrong or was used before."


class SecondFactorOn(Conflict):
    code = "SECOND_FACTOR_ON"
    nl = "De tweede factor staat al aan."
    en = "The second factor is already on."


class SecondFactorOff(Conflict):
    code = "SECOND_FACTOR_OFF"
    nl = "De tweede factor staat niet aan."
    en = "The second factor is not on."


class RoleNotGrantable(DomainError):
    """The role is above the actor's own, or nobody can be invited to it."""

    code = "ROLE_NOT_GRANTABLE"
    nl = "Deze rol kunt u niet verlenen."
    en = "You cannot grant this role."


class ScopeNotGrantable(InvalidInput):
    code = "SCOPE_NOT_GRANTABLE"
    nl = "De scope {scope} kan hier niet worden verleend."
    en = "The scope {scope} cannot be granted here."


class AlreadyMember(Conflict):
    code = "ALREADY_MEMBER"
    nl = "Deze persoon heeft deze rol al."
    en = "This person already has this role."


class InvitationInvalid(DomainError):
    """Unknown, accepted, withdrawn or expired: the four do not differ to who holds a link."""

    code = "INVITATION_INVALID"
    nl = "Deze uitnodiging is niet (meer) geldig."
    en = "This invitation is not valid (any more)."


class NotOnOneself(DomainError):
    code = "NOT_ON_ONESELF"
    nl = "Dit kunt u niet bij uzelf doen."
    en = "You cannot do this to yourself."


class RedirectUriInvalid(InvalidInput):
    code = "REDIRECT_URI_INVALID"
    nl = "Een https-adres zonder fragment, een http-adres van dit apparaat, of een eigen schema met een punt erin."
    en = "An https address without fragment, an http address of the device itself, or a private scheme with a dot."


class IssuerInvalid(InvalidInput):
    code = "ISSUER_INVALID"
    nl = "Een https-adres zonder vraagteken, fragment of inloggegevens."
    en = "An https address without query, fragment or credentials."


class NoUser(DomainError):
    """A key or an application on its own has no password and no second factor."""

    code = "NO_USER"
    nl = "Dit kan alleen een persoon die is ingelogd."
    en = "Only a person who is logged in can do this."
