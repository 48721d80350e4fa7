"""What is known of how one partner writes its mails: data, learned from corrections."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

MOST_RULES = 300
STATED = 20
"""How often a rule counts as having been right where somebody stated it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a field was found: `key` is a label, or the words before a value; `times` it was right and wrong since."""

    key: str
    path: str
    """A JSON path; of products the name of the field only. Empty: what stands here is not of the order."""
    after: str = ""
    """Words that followed the value; of labels empty."""
    right: int = 0
    wrong: int = 0

    @property
    def trust(self) -> float:
        """The chance that it is right the next time: rule of succession, a fault weighs as three."""
        return (self.right + 1) / (self.right + 3 * self.wrong + 1.15)

    @property
    def weight(self) -> float:
        """The trust in log-odds."""
        return math.log(self.trust / max(0.004, 1 - self.trust))


@dataclass(frozen=True, slots=True)
class Template:
    """`aliases`: what the partner calls an article, in lower case, and its article number."""

    labels: Mapping[str, Rule] = field(default_factory=dict)
    contexts: Sequence[Rule] = ()
    aliases: Mapping[str, Rule] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "labels": [_json(rule) for rule in self.labels.values()],
            "contexts": [_json(rule) for rule in self.contexts],
            "aliases": [_json(rule) for rule in self.aliases.values()],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Template":
        labels, contexts, aliases = (
            [_rule(rule) for rule in kept.get(n, [])] for n in ("labels", "contexts", "aliases")
        )
        return cls({rule.key: rule for rule in labels}, tuple(contexts), {rule.key: rule for rule in aliases})

    def stated(self, rules: Mapping[str, Any]) -> "Template":
        """With what somebody stated, `{"labels": {words: path}, "aliases": {words: SKU}}`, before what was learned."""
        labels = {key: Rule(key, path, right=STATED) for key, path in rules.get("labels", {}).items()}
        aliases = {key: Rule(key, sku, right=STATED) for key, sku in rules.get("aliases", {}).items()}
        return replace(self, labels={**self.labels, **labels}, aliases={**self.aliases, **aliases})


EMPTY = Template()


def _json(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in Rule.__slots__}


def _rule(kept: Mapping[str, Any]) -> Rule:
    return Rule(**{name: kept[name] for name in Rule.__slots__ if name in kept})


def merged(templates: Sequence[Template]) -> Template:
    """All as one; where two speak of the same words, the one that was right more often counts."""
    labels: dict[str, Rule] = {}
    aliases: dict[str, Rule] = {}
    contexts: list[Rule] = []
    for template in templates:
        _take(labels, template.labels)
        _take(aliases, template.aliases)
        contexts.extend(template.contexts)
    return Template(labels, tuple(contexts), aliases)


def _take(into: dict[str, Rule], rules: Mapping[str, Rule]) -> None:
    for key, rule in rules.items():
        if key not in into or into[key].trust < rule.trust:
            into[key] = rule


def seen(rule: Rule, was_right: bool) -> Rule:
    """The rule after one more mail."""
    return replace(rule, right=rule.right + was_right, wrong=rule.wrong + (not was_right))
