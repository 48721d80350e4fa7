"""What is said about entities and brands, in its normal form: every fault of an input at once, each at its field."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import nh3

from domain import validation
from domain.entities import theme
from domain.entities.errors import (
    InvalidEntityCode,
    InvalidHost,
    InvalidInvoicePrefix,
    InvalidLogo,
    InvalidOrigin,
    InvalidSlug,
    NotPlainText,
)
from domain.errors import Faults, Required, TooMany, WrongType

Parser = Callable[..., Any]

MAX_LEGAL_TEXT = 50_000
MAX_ORIGINS = 20
MAX_URL = 500
LOCALES = ("nl-NL", "en-GB", "en-US", "nl-BE")
_CODE = re.compile(r"[A-Z]{2,4}")
_PREFIX = re.compile(r"[A-Z0-9]{1,8}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+")
_ORIGIN = re.compile(rf"https://(?P<host>{_LABEL}(?:\.{_LABEL})+)(?::(?P<port>[1-9][0-9]{{0,4}}))?")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_LOGO = re.compile(r"https://[a-z0-9.-]+\.[a-z0-9-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/-]*)?(?:\?[A-Za-z0-9._~%=&-]*)?")
_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~%/-]*")
_MARKUP = re.compile(r"<[A-Za-z/!?]")


def entity_code(value: str, *field: str | int) -> str:
    """Prefix of an entity's numbers."""
    if not isinstance(value, str) or not _CODE.fullmatch(value.strip()):
        raise InvalidEntityCode(field=field)
    return value.strip()


def invoice_prefix(value: str, *field: str | int) -> str:
    """Prefix of an entity's invoice numbers."""
    if not isinstance(value, str) or not _PREFIX.fullmatch(value.strip()):
        raise InvalidInvoicePrefix(field=field)
    return value.strip()


def host(value: str, *field: str | int) -> str:
    """A host name in lower case."""
    name = validation.name(value, *field, maximum=253).lower()
    if not _HOST.fullmatch(name):
        raise InvalidHost(field=field)
    return name


def origins(values: Sequence[str], *field: str | int) -> list[str]:
    """Origins as browsers send them (RFC 6454): scheme, host and, where it is not 443, port; each once."""
    if len(values) > MAX_ORIGINS:
        raise TooMany(maximum=MAX_ORIGINS, field=field)
    with Faults() as faults:
        found = [faults.take(_origin, value, *field, position) for position, value in enumerate(values)]
    return sorted({origin for origin in found if origin})


def _origin(value: str) -> str:
    match = _ORIGIN.fullmatch(validation.name(value, maximum=MAX_URL).lower())
    if match is None or len(match["host"]) > 253 or int(match["port"] or 443) > 65535:
        raise InvalidOrigin()
    return f"https://{match['host']}" + (f":{match['port']}" if match["port"] not in (None, "443") else "")


def slug(value: str, *field: str | int) -> str:
    """The name of a co-branded portal in web addresses."""
    name = validation.name(value, *field, maximum=40).lower()
    if not _SLUG.fullmatch(name):
        raise InvalidSlug(field=field)
    return name


def logo(value: str, *field: str | int) -> str:
    """An https address, or a path on the portal's own host."""
    url = validation.name(value, *field, maximum=MAX_URL)
    if not (_LOGO.fullmatch(url) or _PATH.fullmatch(url)) or ".." in url:
        raise InvalidLogo(field=field)
    return url


def legal_text(value: str, *field: str | int) -> str:
    """Plain text of several lines: what a portal shows and a signer agrees to is never markup."""
    text = validation.text(value, *field, minimum=0, maximum=MAX_LEGAL_TEXT)
    if _MARKUP.search(text) or nh3.is_html(text):
        raise NotPlainText(field=field)
    return text


def _theme(value: Any, *field: str | int) -> dict[str, str]:
    with Faults() as faults, faults.at(*field):
        return theme.parse_theme(value)
    raise AssertionError("Faults raises what it collected")


def _flag(value: Any, *field: str | int) -> bool:
    if not isinstance(value, bool):
        raise WrongType(field=field, expected={"nl": "ja of nee", "en": "yes or no"})
    return value


def _between(minimum: int, maximum: int) -> Parser:
    return lambda value, *field: validation.integer(value, minimum, maximum, *field)


def _locale(value: str, *field: str | int) -> str:
    return validation.choice(value, LOCALES, *field)


def _postal_code(value: str, *field: str | int) -> str:
    return validation.postcode(value, *field).replace(" ", "")


def _house_number(value: str, *field: str | int) -> str:
    return str(validation.house_number(value, *field))


ENTITY: dict[str, Parser] = {
    "name": validation.name,
    "legal_name": validation.name,
    "kvk_number": validation.kvk_number,
    "vat_number": validation.vat_number,
    "iban": validation.iban,
    "email": validation.email,
    "phone": validation.phone,
    "street": validation.name,
    "house_number": _house_number,
    "postal_code": _postal_code,
    "city": validation.name,
    "requires_partner": _flag,
    "quote_valid_days": _between(1, 365),
    "payment_terms_days": _between(0, 120),
    "processing_minutes": _between(1, 60 * 24 * 30),
    "lead_retention_days": _between(30, 3650),
}
NEW_ENTITY = {"code": entity_code, "invoice_prefix": invoice_prefix, **ENTITY}
ENTITY_NEEDS = (
    "code",
    "invoice_prefix",
    "name",
    "legal_name",
    "kvk_number",
    "vat_number",
    "iban",
    "email",
    "phone",
    "street",
    "house_number",
    "postal_code",
    "city",
)
BRAND: dict[str, Parser] = {
    "host": host,
    "name": validation.name,
    "locale": _locale,
    "logo_url": logo,
    "theme": _theme,
    "sender_name": validation.name,
    "sender_email": validation.email,
    "terms": legal_text,
    "privacy_statement": legal_text,
    "consent_text": legal_text,
    "allowed_origins": origins,
}
BRAND_NEEDS = ("host", "name", "sender_name", "sender_email")
COBRANDING: dict[str, Parser] = {"slug": slug, "name": validation.name, "logo_url": logo, "theme": _theme}
COBRANDING_NEEDS = ("slug", "name")
_MAY_BE_EMPTY: dict[str, Any] = {
    "logo_url": None,
    "theme": {},
    "terms": "",
    "privacy_statement": "",
    "consent_text": "",
    "allowed_origins": [],
}
"""What null stands for; any other column cannot be emptied."""


def parse(parsers: Mapping[str, Parser], given: Mapping[str, Any], needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """The given columns in their normal form; `needs` are those that a new row cannot do without."""
    values: dict[str, Any] = {}
    with Faults() as faults:
        for column in needs:
            if given.get(column) is None:
                faults.add(Required(field=(column,)))
        for column, value in given.items():
            if value is None and column in _MAY_BE_EMPTY:
                values[column] = _MAY_BE_EMPTY[column]
            elif value is not None or column not in needs:
                values[column] = faults.take(_required(parsers[column]), value, column)
    return values


def _required(parse_value: Parser) -> Parser:
    def parsed(value: Any) -> Any:
        if value is None:
            raise Required()
        return parse_value(value)

    return parsed
