"""Refusals of mappings, of messages that a mapping cannot read, of who sends them, and of forms."""

from domain.errors import Conflict, DomainError, InvalidInput, InvalidState, TooMany
from domain.partner_orders.errors import SignatureFault


class MappingInvalid(InvalidInput):
    """The mapping itself is wrong; `reason` is a mapping by language."""

    code = "MAPPING_INVALID"
    nl = "De mapping klopt hier niet: {reason}"
    en = "The mapping is not valid here: {reason}"


class ValueUnreadable(InvalidInput):
    code = "MAPPING_VALUE_UNREADABLE"
    nl = "De waarde bij {source} is niet te lezen; verwacht: {expected}."
    en = "The value at {source} cannot be read; expected: {expected}."


class NotInTable(InvalidInput):
    code = "MAPPING_NOT_IN_TABLE"
    nl = "De waarde bij {source} staat niet in de vertaaltabel van de mapping."
    en = "The value at {source} is not in the mapping's table."


class MessageUnreadable(InvalidInput):
    code = "MESSAGE_UNREADABLE"
    nl = "Het bericht is geen {format}."
    en = "The message is no {format}."


class WebhookUnauthenticated(SignatureFault):
    code = "WEBHOOK_UNAUTHENTICATED"
    nl = "De afzender is niet aangetoond: {reason}"
    en = "The sender is not proven: {reason}"


class TooManyMappedWebhooks(TooMany):
    code = "TOO_MANY_MAPPED_WEBHOOKS"
    nl = "Hoogstens {maximum} inkomende webhooks per partner."
    en = "At most {maximum} inbound webhooks per partner."


class TooManyForms(TooMany):
    code = "TOO_MANY_FORMS"
    nl = "Hoogstens {maximum} formulieren per partner."
    en = "At most {maximum} forms per partner."


class NoSecretToRotate(InvalidState):
    code = "NO_SECRET_TO_ROTATE"
    nl = "Deze ingang gebruikt de ondertekening van de koppeling en heeft geen eigen geheim ({current}, {wanted})."
    en = "This way in uses the signature of the integration and has no secret of its own ({current}, {wanted})."


class MessageForgotten(Conflict):
    code = "MESSAGE_FORGOTTEN"
    nl = "De inhoud van dit bericht is gewist; het kan niet opnieuw worden gelezen."
    en = "The content of this message was erased; it cannot be read again."


class FormNeedsAToken(DomainError):
    code = "FORM_NOT_OPEN"
    nl = "Dit formulier is niet (meer) geldig."
    en = "This form is not valid (any more)."
