"""Past documents computed again: from what they were computed from, by the formulas and rates of a day.

Everything is read in the session's own role: who may see a document may compute it again, as far as it is shown to it.
Without a day each amount is computed as of the day on which its rate was fixed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

import domain.explanations.billing
import domain.explanations.charging_bills
import domain.explanations.charging_prices
import domain.explanations.formulas  # noqa: F401  # declares them
from domain.errors import DomainError
from domain.explanations.registry import evaluate, in_force
from domain.money import VatClass, vat_rate
from domain.numbering.service import AMSTERDAM

Inputs = Mapping[str, int | Decimal]


class NotRecomputable(DomainError):
    code = "NOT_RECOMPUTABLE"
    nl = "Een {kind} heeft geen bedragen die opnieuw te berekenen zijn."
    en = "A {kind} has no amounts that can be computed again."


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One amount: what is stored, and what a formula gives for the same inputs."""

    path: str
    """`lines.2.net`: the list, the position, the amount."""
    formula: str
    version: int
    stored: int
    recomputed: int
    remainder: Decimal

    @property
    def equal(self) -> bool:
        return self.stored == self.recomputed


@dataclass(slots=True)
class Sheet:
    """The amounts of one document. `as_of` is the day that was asked for."""

    as_of: date | None
    currency: str = "EUR"
    amounts: list[Recomputed] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return all(each.equal for each in self.amounts)

    def day(self, own: date | datetime) -> date:
        """The day that counts for an amount of a day or moment of its own."""
        if self.as_of is not None:
            return self.as_of
        return own.astimezone(AMSTERDAM).date() if isinstance(own, datetime) else own

    def rate(self, vat_class: str, on: date) -> Decimal:
        """The rate of VAT in percent that was in force."""
        return vat_rate(VatClass(vat_class), on)

    def add(self, path: str, formula: str, on: date, stored: int, inputs: Inputs) -> int:
        """Compute one amount; the cents that the formula gives."""
        held = in_force(formula, on)
        outcome = evaluate(held, ((name, Decimal(value)) for name, value in inputs.items()))
        made = Recomputed(path, formula, held.version, stored, outcome.cents, outcome.remainder)
        self.amounts.append(made)
        return made.recomputed


Recompute = Callable[[AsyncSession, UUID, Sheet], Awaitable[bool]]
"""Fills a sheet; whether the document exists for the actor."""


async def recompute(
    session: AsyncSession, computing: Mapping[str, Recompute], kind: str, id: UUID, as_of: date | None
) -> Sheet | None:
    """The amounts of a document; None where the actor sees none. Raises: NotRecomputable, NoVatRate, UnknownFormula"""
    work = computing.get(kind)
    if work is None:
        raise NotRecomputable(kind=kind, field=("id",))
    sheet = Sheet(as_of)
    return sheet if await work(session, id, sheet) else None
