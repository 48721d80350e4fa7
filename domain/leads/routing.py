"""Which business entity a lead goes to (L4): the first rule, by position, whose conditions all hold. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.catalog.models import ArticleCategory
from domain.contacts.models import PartnerModel
from domain.errors import Faults, TooFew, TooMany
from domain.leads.errors import OperatorNotForField
from domain.leads.models import LeadSource
from domain.validation import choice, name

MAX_CONDITIONS = 10
MAX_VALUES = 50
MAX_VALUE = 100


class RoutingField(StrEnum):
    """What a condition can look at."""

    PRODUCT_CATEGORY = "PRODUCT_CATEGORY"
    PRODUCT_WISH = "PRODUCT_WISH"
    POSTCODE = "POSTCODE"
    HAS_PARTNER = "HAS_PARTNER"
    PARTNER_MODEL = "PARTNER_MODEL"
    CUSTOMER_TYPE = "CUSTOMER_TYPE"
    HOME_OWNER = "HOME_OWNER"
    ENTITY = "ENTITY"
    """Code of the business entity where it was submitted, such as `CC`."""
    BRAND = "BRAND"
    """Host name of the portal where it was submitted."""
    SOURCE = "SOURCE"


class RoutingOperator(StrEnum):
    """How a condition compares; every one of them holds when it holds for any of the values."""

    IS = "IS"
    IS_NOT = "IS_NOT"
    """None of the values; also where the lead says nothing about it."""
    STARTS_WITH = "STARTS_WITH"
    CONTAINS = "CONTAINS"


class CustomerType(StrEnum):
    CONSUMER = "CONSUMER"
    BUSINESS = "BUSINESS"


_BOOLEAN = frozenset({"true", "false"})
_CHOICES: dict[RoutingField, frozenset[str]] = {
    RoutingField.PRODUCT_CATEGORY: frozenset(ArticleCategory),
    RoutingField.HAS_PARTNER: _BOOLEAN,
    RoutingField.PARTNER_MODEL: frozenset(PartnerModel),
    RoutingField.CUSTOMER_TYPE: frozenset(CustomerType),
    RoutingField.HOME_OWNER: _BOOLEAN,
    RoutingField.SOURCE: frozenset(LeadSource),
}
_IN_TEXT = (RoutingField.PRODUCT_WISH, RoutingField.POSTCODE, RoutingField.BRAND)


@dataclass(frozen=True, slots=True)
class Condition:
    """Compared without regard to case and, for postcodes, to spaces."""

    field: RoutingField
    operator: RoutingOperator
    values: tuple[str, ...]

    def holds(self, facts: Mapping[RoutingField, str | None]) -> bool:
        said = facts.get(self.field)
        if said is None:
            return self.operator is RoutingOperator.IS_NOT
        return _COMPARE[self.operator](_plain(said), [_plain(value) for value in self.values])

    @property
    def stored(self) -> dict[str, Any]:
        return {"field": self.field.value, "operator": self.operator.value, "values": list(self.values)}


def _plain(value: str) -> str:
    return "".join(value.casefold().split())


_COMPARE: dict[RoutingOperator, Callable[[str, list[str]], bool]] = {
    RoutingOperator.IS: lambda said, values: said in values,
    RoutingOperator.IS_NOT: lambda said, values: said not in values,
    RoutingOperator.STARTS_WITH: lambda said, values: said.startswith(tuple(values)),
    RoutingOperator.CONTAINS: lambda said, values: any(value in said for value in values),
}


@dataclass(frozen=True, slots=True)
class Submitted:
    """What rules may know of a lead."""

    entity_code: str
    source: LeadSource
    brand_host: str | None = None
    product_category: str | None = None
    product_wish: str | None = None
    postal_code: str | None = None
    has_partner: bool = False
    partner_model: str | None = None
    is_business: bool = False
    home_owner: bool | None = None

    @property
    def facts(self) -> dict[RoutingField, str | None]:
        return {
            RoutingField.PRODUCT_CATEGORY: self.product_category,
            RoutingField.PRODUCT_WISH: self.product_wish,
            RoutingField.POSTCODE: self.postal_code,
            RoutingField.HAS_PARTNER: _truth(self.has_partner),
            RoutingField.PARTNER_MODEL: self.partner_model,
            RoutingField.CUSTOMER_TYPE: CustomerType.BUSINESS if self.is_business else CustomerType.CONSUMER,
            RoutingField.HOME_OWNER: _truth(self.home_owner),
            RoutingField.ENTITY: self.entity_code,
            RoutingField.BRAND: self.brand_host,
            RoutingField.SOURCE: self.source,
        }


def _truth(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it was stored; `entity_id` is where it sends."""

    id: UUID
    entity_id: UUID
    position: int
    name: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was tried; `failed` is its first condition that does not hold, none where it decided."""

    rule: Rule
    failed: Condition | None


@dataclass(frozen=True, slots=True)
class Route:
    """Where a lead goes, and every rule that was tried on the way, in order."""

    entity_id: UUID
    steps: tuple[Step, ...]

    @property
    def rule(self) -> Rule | None:
        return self.steps[-1].rule if self.steps and self.steps[-1].failed is None else None

    @property
    def explanation(self) -> dict[str, Any]:
        """As it is stored with the lead."""
        if (rule := self.rule) is None:
            reason, english = "Geen regel was van toepassing.", "No rule applied."
            return {"rule_id": None, "rule_name": None, "reason": reason, "reason_en": english}
        reason, english = f"Volgens de regel “{rule.name}”.", f"By the rule “{rule.name}”."
        return {"rule_id": str(rule.id), "rule_name": rule.name, "reason": reason, "reason_en": english}


def route(submitted: Submitted, rules: Iterable[Rule], default: UUID) -> Route:
    """The first rule by position (then by age) that applies; without one `default`, the entity of submission."""
    facts, steps = submitted.facts, list[Step]()
    for rule in sorted(rules, key=lambda each: (each.position, each.id)):
        failed = next((condition for condition in rule.conditions if not condition.holds(facts)), None)
        steps.append(Step(rule, failed))
        if failed is None:
            return Route(rule.entity_id, tuple(steps))
    return Route(default, tuple(steps))


def conditions_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Conditions that were checked when they were stored."""
    return tuple(
        Condition(RoutingField(each["field"]), RoutingOperator(each["operator"]), tuple(each["values"]))
        for each in stored
    )


def checked(conditions: Sequence[Condition], *field: str | int) -> tuple[Condition, ...]:
    """The conditions in normal form; all their faults at once. A rule without conditions would take every lead."""
    if not conditions:
        raise TooFew(field=field, minimum=1)
    if len(conditions) > MAX_CONDITIONS:
        raise TooMany(field=field, maximum=MAX_CONDITIONS)
    faults = Faults()
    found = [faults.take(_checked, condition, *field, at) for at, condition in enumerate(conditions)]
    faults.raise_any()
    return tuple(condition for condition in found if condition)


def _checked(condition: Condition) -> Condition:
    faults, operators = Faults(), operators_of(condition.field)
    if condition.operator not in operators:
        operator, choices = condition.operator.value, ", ".join(operators)
        faults.add(OperatorNotForField(field=("operator",), operator=operator, choices=choices))
    values = faults.take(lambda given: _values(condition.field, given), condition.values, "values")
    faults.raise_any()
    return Condition(condition.field, condition.operator, values or ())


def operators_of(field: RoutingField) -> tuple[RoutingOperator, ...]:
    """The comparisons that go with a field."""
    exact = (RoutingOperator.IS, RoutingOperator.IS_NOT)
    return (*exact, RoutingOperator.STARTS_WITH, RoutingOperator.CONTAINS) if field in _IN_TEXT else exact


def _values(field: RoutingField, values: Sequence[str]) -> tuple[str, ...]:
    if not values:
        raise TooFew(minimum=1)
    if len(values) > MAX_VALUES:
        raise TooMany(maximum=MAX_VALUES)
    faults, choices = Faults(), _CHOICES.get(field)
    found = [
        faults.take(lambda given: choice(given, choices) if choices else name(given, maximum=MAX_VALUE), value, at)
        for at, value in enumerate(values)
    ]
    faults.raise_any()
    return tuple(value for value in found if value is not None)
