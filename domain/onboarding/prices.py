"""From the standard price to a partner's own by rules, in integer cents; pure.

    {"article": "<id>", "fixed_cents": 89900}
    {"category": "CHARGING_STATION", "percent": "-7.5", "amount_cents": -500, "round_to_cents": 100}
    {"percent": "-3"}

The rule of an article goes before that of its category, and that before the one for all. A percentage comes first, then
the amount, then rounding half up to whole `round_to_cents`; `fixed_cents` stands alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from domain import validation
from domain.agreements.parsing import UnknownTerm
from domain.catalog.models import ArticleCategory
from domain.catalog.values import MAX_CENTS
from domain.errors import Duplicate, Faults, InvalidInput, TooFew, TooMany, WrongType
from domain.money import decimal
from domain.onboarding.errors import NegativePrice

MOST_RULES = 250


class RuleSaysNothing(InvalidInput):
    """A rule has no effect, or two that exclude each other."""

    code = "RULE_SAYS_NOTHING"
    nl = "Een regel heeft een percentage en/of een bedrag, of een vaste prijs; niet beide, niet niets."
    en = "A rule has a percentage and/or an amount, or a fixed price; not both, not nothing."


@dataclass(frozen=True, slots=True)
class Rule:
    """What an article, a category, or (with neither) everything costs a partner."""

    article: UUID | None = None
    category: ArticleCategory | None = None
    percent: Decimal | None = None
    """-100 to 1000, added to the standard price."""
    amount_cents: int | None = None
    """Added after the percentage."""
    fixed_cents: int | None = None
    round_to_cents: int = 1

    @property
    def place(self) -> tuple[str, str]:
        return str(self.article or ""), self.category.value if self.category else ""

    def price(self, standard_cents: int) -> int:
        """The partner's price of what costs so much; may be below zero, which nobody may agree."""
        if self.fixed_cents is not None:
            return self.fixed_cents
        factor = 1 + (self.percent or Decimal(0)) / 100
        exact = standard_cents * factor + (self.amount_cents or 0)
        steps = (exact / self.round_to_cents).quantize(Decimal(1), ROUND_HALF_UP)
        return int(steps) * self.round_to_cents


@dataclass(frozen=True, slots=True)
class Priced:
    """An article with its standard price."""

    article_id: UUID
    sku: str
    category: str
    standard_cents: int


def rule_for(rules: Sequence[Rule], article_id: UUID, category: str) -> Rule | None:
    """The nearest rule: of the article, of its category, of all."""
    fits: tuple[Callable[[Rule], bool], ...] = (
        lambda rule: rule.article == article_id,
        lambda rule: rule.article is None and rule.category == category,
        lambda rule: rule.article is None and rule.category is None,
    )
    return next((rule for fit in fits for rule in rules if fit(rule)), None)


def priced(rules: Sequence[Rule], articles: Sequence[Priced]) -> dict[UUID, int]:
    """The partner's prices of the articles that a rule is about. Raises NegativePrice for each that is below zero."""
    found: dict[UUID, int] = {}
    with Faults() as faults:
        for article in articles:
            rule = rule_for(rules, article.article_id, article.category)
            if rule is None:
                continue
            found[article.article_id] = cents = rule.price(article.standard_cents)
            if not 0 <= cents <= MAX_CENTS:
                faults.add(NegativePrice(sku=article.sku, field=("rules", rules.index(rule))))
    return found


def parse(given: object) -> list[Rule]:
    """The rules of their JSON. Raises all faults at once, each at its place in the list."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise WrongType(expected={"nl": "een lijst", "en": "a list"}, field=("rules",))
    if not given:
        raise TooFew(minimum=1, field=("rules",))
    if len(given) > MOST_RULES:
        raise TooMany(maximum=MOST_RULES, field=("rules",))
    with Faults() as faults:
        rules = [faults.take(_rule, item, "rules", place) for place, item in enumerate(given)]
        seen: set[tuple[str, str]] = set()
        for place, rule in enumerate(rules):
            if rule and rule.place in seen:
                faults.add(Duplicate(field=("rules", place)))
            seen |= {rule.place} if rule else set()
    return [rule for rule in rules if rule]


def as_json(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """What `parse` gives back as it was."""
    return [{name: _plain(getattr(rule, name)) for name in _PARSERS if _says(rule, name)} for rule in rules]


def _says(rule: Rule, name: str) -> bool:
    return getattr(rule, name) not in (None, 1) if name == "round_to_cents" else getattr(rule, name) is not None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | Decimal) else value


def _rule(given: object) -> Rule:
    if not isinstance(given, Mapping):
        raise WrongType(expected={"nl": "een object", "en": "an object"})
    with Faults() as faults:
        for name in given:
            if name not in _PARSERS:
                faults.add(UnknownTerm(known=", ".join(_PARSERS), field=(str(name),)))
        present = {name: given[name] for name in _PARSERS if given.get(name) is not None}
        parts = {name: faults.take(_PARSERS[name], value, name) for name, value in present.items()}
    rule = Rule(**{name: value for name, value in parts.items() if value is not None})
    changes = rule.percent is not None or rule.amount_cents is not None
    if changes == (rule.fixed_cents is not None) or (rule.article and rule.category):
        raise RuleSaysNothing()
    return rule


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise WrongType(expected={"nl": "een artikel", "en": "an article"}) from None


def _whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    return lambda value: validation.integer(value, minimum, maximum)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "article": _uuid,
    "category": lambda value: ArticleCategory(validation.choice(str(value), tuple(ArticleCategory))),
    "percent": lambda value: decimal(value, Decimal(-100), Decimal(1000), 4),
    "amount_cents": _whole(-MAX_CENTS, MAX_CENTS),
    "fixed_cents": _whole(0, MAX_CENTS),
    "round_to_cents": _whole(1, 1_000_000),
}
