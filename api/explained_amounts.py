"""Amounts that Python computes, with their explanations: reports, statements, simulations, previews."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TypeAlias

import strawberry

import domain.explanations.billing
import domain.explanations.formulas  # noqa: F401  # declares them
from api.reading import BigInt, Explanation, ExplanationInput, Money
from domain.explanations.registry import Formula, evaluate, versions
from domain.money import Money as Amount

Input: TypeAlias = tuple[str, int | Decimal] | tuple[str, int | Decimal, str | None]
"""Name, value and, where it has one, the global id of its source."""


def amount_of(cents: int, currency: str, formula: str, inputs: Iterable[Input], language: str) -> Money:
    """An amount with the version of a formula that holds now, and the inputs that give it.

    Raises: ValueError where the inputs give other cents.
    """
    given = [_input(*each) for each in inputs]
    held = versions(formula)[-1]
    return Money(
        cents=BigInt(cents),
        amount=Amount(cents, currency).amount,
        currency=currency,
        explanation=_explanation(held, given, cents, language),
    )


def recorded(cents: int, currency: str, formula: str, language: str, source: str | None = None) -> Money:
    """An amount that follows from no other."""
    [name] = versions(formula)[-1].inputs
    return amount_of(cents, currency, formula, [(name, cents, source)], language)


def _input(name: str, value: int | Decimal, source: str | None = None) -> tuple[str, Decimal, str | None]:
    return name, Decimal(value), source


def _explanation(held: Formula, given: list[tuple[str, Decimal, str | None]], cents: int, language: str) -> Explanation:
    outcome = evaluate(held, ((name, value) for name, value, _ in given))
    if outcome.cents != cents:
        raise ValueError(f"{held.name} gives {outcome.cents}, not {cents}")
    return Explanation(
        formula=held.name,
        version=held.version,
        text=held.text(language),
        inputs=[_shown(held, *each) for each in given],
        vat_rule=None,
        rounding_remainder=outcome.remainder,
        commission_base=None,
        result=BigInt(cents),
    )


def _shown(held: Formula, name: str, value: Decimal, source: str | None) -> ExplanationInput:
    id = strawberry.ID(source) if source else None
    return ExplanationInput(name=name, value=value, unit=held.inputs[name], source_id=id)
