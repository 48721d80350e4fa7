"""From a message of a partner's own making to the document of an order: the mapping is data, checked when it is saved.

{"fields": {"$.partner_order_id": "$.ref", "$.customer.name": {"concat": ["$.first", "$.last"]}, …},
 "products": [{"each": "$.lines[*]", "when": "@.billable",
               "fields": {"partner_sku": "@.code", "quantity": "@.qty", "description": "@.text"}}]}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import DomainError, DomainErrors, Faults, Required, TooMany
from domain.validation import json_object
from domain.ways_in import expressions, paths, reading
from domain.ways_in.expressions import Expression, Scope, blank, invalid, text_of

LARGEST = 65_536
MOST_PRODUCTS = 500
_MOST_GROUPS = 20
REQUIRED = (
    "$.partner_order_id",
    "$.customer.name",
    "$.customer.email",
    "$.customer.phone",
    "$.customer.address.postal_code",
)
TARGETS = (
    *REQUIRED,
    "$.customer.address.street",
    "$.customer.address.house_number",
    "$.customer.address.city",
    "$.installation_preferences.preferred_date",
    "$.installation_preferences.notes",
    "$.partner_references.dealer_group_id",
    "$.partner_references.purchase_order",
    "$.partner_references.customer_account",
)
"""The fields of the document; `$.products` is made line by line."""
PRODUCT = ("partner_sku", "quantity", "description")


@dataclass(frozen=True, slots=True)
class Products:
    """Lines from the items of a list, or one line of the whole message."""

    each: paths.Path | None
    when: Expression | None
    fields: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Checked:
    """A mapping that can be applied."""

    fields: Mapping[str, Expression]
    products: tuple[Products, ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """Where a value came from; `code` where it could not be had."""

    target: str
    sources: tuple[str, ...]
    value: Any
    code: str | None = None


@dataclass
class Applied:
    """The document as far as it could be made, where each value came from, and what stood in the way."""

    document: dict[str, Any] = field(default_factory=dict)
    trace: list[Traced] = field(default_factory=list)
    faults: list[DomainError] = field(default_factory=list)


def checked(given: object) -> Checked:
    """Raises: MappingInvalid, Required, TooLong, all of them at once, below the field `mapping`."""
    with Faults() as faults, faults.at("mapping"):
        mapping = json_object(given, maximum=LARGEST)
        if unknown := sorted(mapping.keys() - {"fields", "products"}):
            faults.add(
                invalid(("mapping", unknown[0][:60]), "dit kent een mapping niet", "a mapping does not know this")
            )
        fields = _fields(faults, mapping.get("fields"))
        products = _groups(faults, mapping.get("products", []))
    return Checked(fields, products)


def _fields(faults: Faults, given: object) -> dict[str, Expression]:
    if not isinstance(given, dict):
        raise Required(field=("fields",))
    made: dict[str, Expression] = {}
    for target, expression in given.items():
        if target not in TARGETS:
            nl, en = f"geen veld van een order: {', '.join(TARGETS)}", f"no field of an order: {', '.join(TARGETS)}"
            faults.add(invalid(("mapping", "fields", str(target)[:100]), nl, en))
        elif read := faults.take(lambda e, t=target: expressions.parse(e, "fields", t), expression, "mapping"):
            made[target] = read
    faults.add(*(Required(field=("mapping", "fields", target)) for target in REQUIRED if target not in given))
    return made


def _groups(faults: Faults, given: object) -> tuple[Products, ...]:
    groups = given if isinstance(given, list) else [given]
    if len(groups) > _MOST_GROUPS:
        raise TooMany(field=("products",), maximum=_MOST_GROUPS)
    made = [faults.take(_group, group, "mapping", "products", place) for place, group in enumerate(groups)]
    return tuple(each for each in made if each is not None)


def _group(given: object) -> Products:
    if not isinstance(given, dict) or not isinstance(given.get("fields"), dict):
        raise Required(field=("fields",))
    with Faults() as faults:
        if unknown := sorted(str(key) for key in given.keys() - {"each", "when", "fields"}):
            faults.add(invalid((unknown[0][:60],), "dit kennen producten niet", "products do not know this"))
        each = faults.take(paths.parse, given["each"], "each") if given.get("each") is not None else None
        when = faults.take(expressions.parse, given["when"], "when") if given.get("when") is not None else None
        fields = {
            name: faults.take(expressions.parse, value, "fields", name) for name, value in given["fields"].items()
        }
        for name in fields.keys() - set(PRODUCT):
            wrong = f"een van {', '.join(PRODUCT)}", f"one of {', '.join(PRODUCT)}"
            faults.add(invalid(("fields", str(name)[:60]), *wrong))
        if "partner_sku" not in fields and "description" not in fields:
            faults.add(Required(field=("fields", "partner_sku")))
    return Products(each, when, {name: made for name, made in fields.items() if made is not None})


# --- applying -----------------------------------------------------------------------------------------------------


def apply(mapping: Checked, message: Any) -> Applied:
    """Never raises for any message: what could not be read is in `faults`, under the document's own paths."""
    done = Applied()
    for target, expression in mapping.fields.items():
        value = _value(done, target, expression, Scope(message))
        if not blank(value):
            _put(done.document, target, text_of(value))
    if mapping.products:
        done.document["products"] = _products(done, mapping, message)
    return done


def _products(done: Applied, mapping: Checked, message: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for group in mapping.products:
        for item in group.each.values(message, None) if group.each else [message]:
            if len(lines) >= MOST_PRODUCTS:
                done.faults.append(TooMany(field=("products",), maximum=MOST_PRODUCTS))
                return lines
            if line := _line(done, group, message, item, len(lines)):
                lines.append(line)
    return lines


def _line(done: Applied, group: Products, message: Any, item: Any, place: int) -> dict[str, Any]:
    if group.when and not _holds(_value(done, f"$.products[{place}]", group.when, Scope(message, item))):
        return {}
    line: dict[str, Any] = {}
    for name, expression in group.fields.items():
        value = _value(done, f"$.products[{place}].{name}", expression, Scope(message, item))
        if not blank(value):
            line[name] = _quantity(value) if name == "quantity" else text_of(value)
    return line


def _value(done: Applied, target: str, expression: Expression, scope: Scope) -> Any:
    try:
        value = expression(scope)
    except (DomainError, DomainErrors) as error:
        for each in error.errors:
            each.field = field_of(target)
            done.faults.append(each)
        done.trace.append(Traced(target, tuple(scope.sources), None, error.errors[0].code))
        return None
    done.trace.append(Traced(target, tuple(scope.sources), value))
    return value


def field_of(path: str) -> tuple[str | int, ...]:
    """`$.products[0].quantity` as the path of a DomainError."""
    parts = path.removeprefix("$.").replace("[", ".").replace("]", "").split(".")
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _put(document: dict[str, Any], target: str, value: Any) -> None:
    *parents, last = target.removeprefix("$.").split(".")
    for name in parents:
        document = document.setdefault(name, {})
    document[last] = value


def _quantity(value: Any) -> Any:
    """A number that its sender wrote as text; what is none stays, and is refused by name."""
    read = reading.number(value, ".") if isinstance(value, str) else value
    return value if read is None else int(read) if isinstance(read, float) and read.is_integer() else read


def _holds(value: Any) -> bool:
    return not blank(value) and text_of(value).strip().lower() not in ("false", "0", "no", "nee")
