"""Refusals about webhooks."""

from domain.errors import DomainError, InvalidInput, InvalidState, TooMany


class WebhookUrlInvalid(InvalidInput):
    code = "WEBHOOK_URL_INVALID"
    nl = "Geen bruikbaar adres: {reason}"
    en = "Not a usable address: {reason}"


class UnknownEventType(InvalidInput):
    code = "UNKNOWN_EVENT_TYPE"
    nl = "{type} is geen gebeurtenis waarop u zich kunt abonneren."
    en = "{type} is no event that can be subscribed to."


class SelectionInvalid(InvalidInput):
    """`reason` is GraphQL's own, in English; line and column count from 1 within the selection."""

    code = "SELECTION_INVALID"
    nl = "De selectie klopt niet (regel {line}, kolom {column}): {reason}"
    en = "The selection is not valid (line {line}, column {column}): {reason}"


class TooManyEndpoints(TooMany):
    code = "TOO_MANY_ENDPOINTS"
    nl = "Hoogstens {maximum} webhook-adressen per organisatie."
    en = "At most {maximum} webhook endpoints per organization."


class EndpointDisabled(InvalidState):
    code = "WEBHOOK_ENDPOINT_DISABLED"
    nl = "Het webhook-adres is uitgeschakeld (status {current}); {wanted} is dan niet mogelijk."
    en = "The webhook endpoint is disabled (state {current}); {wanted} is not possible then."


class NothingToPreview(DomainError):
    code = "NOTHING_TO_PREVIEW"
    nl = "Er is nog geen gebeurtenis die dit webhook-adres zou ontvangen."
    en = "There is no event yet that this webhook endpoint would get."


class ReplayRangeInvalid(InvalidInput):
    code = "REPLAY_RANGE_INVALID"
    nl = "Geef een begin (cursor of tijd) dat voor het einde ligt."
    en = "Give a start (cursor or time) that is before the end."


class ReplayRunning(DomainError):
    code = "REPLAY_RUNNING"
    nl = "Voor dit webhook-adres loopt al een herhaling."
    en = "A replay for this webhook endpoint is under way already."
