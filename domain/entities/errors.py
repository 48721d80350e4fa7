"""Refusals of business entities and brands."""

from domain.errors import InvalidInput, PermissionDenied


class InvalidEntityCode(InvalidInput):
    code = "INVALID_ENTITY_CODE"
    nl = "Verwacht 2 tot 4 hoofdletters, zoals CC."
    en = "Expected 2 to 4 capitals, such as CC."


class InvalidInvoicePrefix(InvalidInput):
    code = "INVALID_INVOICE_PREFIX"
    nl = "Verwacht 1 tot 8 hoofdletters of cijfers, zoals CC."
    en = "Expected 1 to 8 capitals or digits, such as CC."


class InvalidHost(InvalidInput):
    code = "INVALID_HOST"
    nl = "Geen hostnaam; verwacht een naam zonder poort of pad, zoals portaal.example.nl."
    en = "Not a host name; expected a name without port or path, such as portal.example.nl."


class InvalidSlug(InvalidInput):
    code = "INVALID_SLUG"
    nl = "Verwacht 1 tot 40 kleine letters, cijfers of koppeltekens, zoals groendus."
    en = "Expected 1 to 40 lower-case letters, digits or hyphens, such as groendus."


class InvalidOrigin(InvalidInput):
    code = "INVALID_ORIGIN"
    nl = "Geen origin; verwacht https:// en een hostnaam, zonder pad, zoals https://app.example.nl."
    en = "Not an origin; expected https:// and a host name, without a path, such as https://app.example.nl."


class InvalidLogo(InvalidInput):
    code = "INVALID_LOGO"
    nl = "Verwacht een https-adres of een pad dat met / begint."
    en = "Expected an https address or a path that starts with /."


class UnknownThemeToken(InvalidInput):
    code = "UNKNOWN_THEME_TOKEN"
    nl = "Dit thema-onderdeel bestaat niet; kies uit {choices}."
    en = "There is no such theme token; choose from {choices}."


class InvalidThemeValue(InvalidInput):
    code = "INVALID_THEME_VALUE"
    nl = "Verwacht {expected}."
    en = "Expected {expected}."


class NotPlainText(InvalidInput):
    code = "NOT_PLAIN_TEXT"
    nl = "Dit is platte tekst; opmaak zoals HTML is niet toegestaan."
    en = "This is plain text; markup such as HTML is not allowed."


class SetByPlatform(PermissionDenied):
    """Who may choose host names could take over the portal of another entity."""

    code = "SET_BY_PLATFORM"
    nl = "Een hostnaam wordt door een platformbeheerder vastgelegd."
    en = "A host name is set by a platform administrator."
