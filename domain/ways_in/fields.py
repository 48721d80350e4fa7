"""What a form asks: fields of the document with words in two languages, and the products that can be chosen.

[{"path": "$.customer.name", "label": {"nl": "Naam", "en": "Name"}, "required": true},
 {"path": "$.partner_references.dealer_group_id", "kind": "CHOICE", "label": {…}, "choices": [{"value": "N"}]},
 {"path": "$.partner_references.customer_account", "kind": "FIXED", "value": "50five-retail"}]
[{"partner_sku": "50F-ZAPPI-7", "label": {"nl": "Zappi 7 kW", "en": "Zappi 7 kW"}, "most": 5, "chosen": 1}]
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from domain import validation
from domain.errors import Duplicate, Faults, NotAChoice, Required, TooMany, WrongType
from domain.ways_in.mapping import REQUIRED, TARGETS

MOST_FIELDS = 30
MOST_PRODUCTS = 50
MOST_CHOICES = 100
LONGEST_LABEL = 120
LONGEST_HELP = 400
LONGEST_VALUE = 200
MOST_PIECES = 100
ORDER_ID = "$.partner_order_id"
_NEEDED = tuple(path for path in REQUIRED if path != ORDER_ID)
LANGUAGES = ("nl", "en")


class FieldKind(StrEnum):
    """How a field is filled in."""

    TEXT = "TEXT"
    MULTILINE = "MULTILINE"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    DATE = "DATE"
    CHOICE = "CHOICE"
    FIXED = "FIXED"
    """Not shown: every order of the form has this value."""


_KINDS: dict[str, FieldKind] = {
    "$.customer.email": FieldKind.EMAIL,
    "$.customer.phone": FieldKind.PHONE,
    "$.installation_preferences.preferred_date": FieldKind.DATE,
    "$.installation_preferences.notes": FieldKind.MULTILINE,
}
_LABELS: dict[str, tuple[str, str]] = {
    ORDER_ID: ("Uw ordernummer", "Your order number"),
    "$.customer.name": ("Naam van de klant", "Name of the customer"),
    "$.customer.email": ("E-mailadres van de klant", "E-mail address of the customer"),
    "$.customer.phone": ("Telefoonnummer van de klant", "Telephone number of the customer"),
    "$.customer.address.street": ("Straat", "Street"),
    "$.customer.address.house_number": ("Huisnummer met toevoeging", "House number with addition"),
    "$.customer.address.postal_code": ("Postcode", "Postcode"),
    "$.customer.address.city": ("Plaats", "City"),
    "$.installation_preferences.preferred_date": ("Voorkeursdatum", "Preferred date"),
    "$.installation_preferences.notes": ("Opmerkingen", "Remarks"),
    "$.partner_references.dealer_group_id": ("Dealergroep", "Dealer group"),
    "$.partner_references.purchase_order": ("Inkoopnummer", "Purchase order"),
    "$.partner_references.customer_account": ("Klantrekening", "Customer account"),
}
_USUAL = (
    ORDER_ID,
    "$.customer.name",
    "$.customer.email",
    "$.customer.phone",
    "$.customer.address.street",
    "$.customer.address.house_number",
    "$.customer.address.postal_code",
    "$.customer.address.city",
    "$.installation_preferences.preferred_date",
    "$.installation_preferences.notes",
)


def usual() -> list[dict[str, Any]]:
    """The fields of a form that names none: what an order needs, and what is nice to know."""
    return [_field({"path": path}) for path in _USUAL]


def checked(given: Any) -> list[dict[str, Any]]:
    """The fields in their normal form. Raises InvalidInput or DomainErrors, below `fields`."""
    made: list[dict[str, Any]] = []
    with Faults() as faults, faults.at("fields"):
        for place, each in enumerate(_list(given, MOST_FIELDS)):
            if field := faults.take(_field, each, "fields", place):
                if field["path"] in [known["path"] for known in made]:
                    faults.add(Duplicate(field=("fields", place, "path")))
                made.append(field)
        asked = {field["path"] for field in made}
        faults.add(*(Required(field=("fields", path)) for path in _NEEDED if path not in asked and not faults.errors))
    return made


def checked_products(given: Any) -> list[dict[str, Any]]:
    """The products in their normal form. Raises InvalidInput or DomainErrors, below `products`."""
    made: list[dict[str, Any]] = []
    with Faults() as faults, faults.at("products"):
        for place, each in enumerate(_list(given, MOST_PRODUCTS)):
            if product := faults.take(_product, each, "products", place):
                if product["partner_sku"] in [known["partner_sku"] for known in made]:
                    faults.add(Duplicate(field=("products", place, "partner_sku")))
                made.append(product)
        if not made and not faults.errors:
            raise Required()
    return made


def _field(given: Any) -> dict[str, Any]:
    known = _object(given)
    with Faults() as faults:
        path = faults.take(lambda value: _choice(value, TARGETS), known.get("path"), "path") or ""
        usual_kind = _KINDS.get(path, FieldKind.TEXT).value
        kind = faults.take(lambda value: _choice(value, tuple(FieldKind)), known.get("kind", usual_kind), "kind")
        made: dict[str, Any] = {"path": path, "kind": str(kind), "required": _required(path, known)}
        if kind == FieldKind.FIXED:
            made["value"] = faults.take(_value, known.get("value"), "value")
            return made
        standard = _LABELS.get(path, ("-", "-"))
        made["label"] = faults.take(lambda value: _words(value, standard), known.get("label"), "label")
        made["help"] = faults.take(_help, known.get("help"), "help")
        if kind == FieldKind.CHOICE:
            made["choices"] = faults.take(_choices, known.get("choices"), "choices")
    return made


def _required(path: str, known: Mapping[str, Any]) -> bool:
    return path in _NEEDED or known.get("required") is True


def _product(given: Any) -> dict[str, Any]:
    known = _object(given)
    with Faults() as faults:
        sku = faults.take(lambda value: validation.name(value, maximum=100), known.get("partner_sku"), "partner_sku")
        most = faults.take(lambda value: validation.integer(value, 1, MOST_PIECES), known.get("most", 10), "most") or 1
        chosen = faults.take(lambda value: validation.integer(value, 0, most), known.get("chosen", 0), "chosen")
        label = faults.take(lambda value: _words(value, (str(sku), str(sku))), known.get("label"), "label")
    return {"partner_sku": sku, "label": label, "most": most, "chosen": chosen}


def _choices(given: Any) -> list[dict[str, Any]]:
    made = []
    with Faults() as faults:
        for place, each in enumerate(_list(given, MOST_CHOICES)):
            with faults.at(place):
                known = _object(each)
                value = _value(known.get("value"))
                made.append({"value": value, "label": _words(known.get("label"), (value, value))})
        if not made and not faults.errors:
            raise Required()
    return made


def _words(given: Any, standard: tuple[str, str]) -> dict[str, str]:
    if given is None and all(standard):
        return dict(zip(LANGUAGES, standard, strict=True))
    known = _object(given)
    with Faults() as faults:
        made = {
            language: faults.take(
                lambda value: validation.name(value, maximum=LONGEST_LABEL), known.get(language), language
            )
            for language in LANGUAGES
        }
    return {language: str(words) for language, words in made.items()}


def _help(given: Any) -> dict[str, str] | None:
    if given is None:
        return None
    known = _object(given)
    return {
        language: validation.name(known.get(language) or "", language, minimum=0, maximum=LONGEST_HELP)
        for language in LANGUAGES
    }


def _value(given: Any) -> str:
    if given is None:
        raise Required()
    return validation.name(given, maximum=LONGEST_VALUE)


def _choice(given: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(given, str) or given not in choices:
        raise NotAChoice(choices=", ".join(choices))
    return str(given)


def _object(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise WrongType(expected={"nl": "een JSON-object", "en": "a JSON object"})
    return given


def _list(given: Any, most: int) -> list[Any]:
    if not isinstance(given, list):
        raise WrongType(expected={"nl": "een lijst", "en": "a list"})
    if len(given) > most:
        raise TooMany(maximum=most)
    return given
