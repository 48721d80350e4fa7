"""What a booking pays: certain only where a reference and the amount leave no doubt, else proposals with a score."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import accumulate
from typing import TypeVar
from uuid import UUID

from domain.bank.names import likeness
from domain.bank.references import References, compact

G = TypeVar("G")

MOST_PROPOSALS = 5
MOST_TOGETHER = 50
"""Invoices that are proposed, or settle, at once."""
LEAST_SCORE = 35
_SURE = 99
"""The most that a proposal can reach: what is certain is none."""
_ALIKE, _VERY_ALIKE = 0.6, 0.85
_SHORTEST_REFERENCE = 5


class Rule(StrEnum):
    """By which a match is certain."""

    PAYMENT_REFERENCE = "PAYMENT_REFERENCE"
    """The structured reference."""
    END_TO_END_ID = "END_TO_END_ID"
    REFERENCE_IN_TEXT = "REFERENCE_IN_TEXT"
    """The free text names this invoice and no other."""
    REFERENCES_IN_TEXT = "REFERENCES_IN_TEXT"
    """The free text names several, and the amount is what is open on them, to the cent."""


class MatchReason(StrEnum):
    """Why something is proposed."""

    REFERENCE = "REFERENCE"
    REFERENCE_ALMOST = "REFERENCE_ALMOST"
    """Its check digits are wrong, or digits are missing."""
    PAYER_REFERENCE = "PAYER_REFERENCE"
    """The payer's own order number is in the text."""
    AMOUNT_EQUALS_OPEN = "AMOUNT_EQUALS_OPEN"
    AMOUNT_ABOVE_OPEN = "AMOUNT_ABOVE_OPEN"
    AMOUNT_BELOW_OPEN = "AMOUNT_BELOW_OPEN"
    AMOUNT_EQUALS_SUM = "AMOUNT_EQUALS_SUM"
    """Of several invoices of one payer."""
    ACCOUNT = "ACCOUNT"
    """It comes from the payer's bank account."""
    NAME_EQUAL = "NAME_EQUAL"
    NAME_ALIKE = "NAME_ALIKE"
    PROVIDER_NAME = "PROVIDER_NAME"
    """It is named after a payment provider, which owes as much."""


_POINTS = {
    MatchReason.REFERENCE: 60,
    MatchReason.REFERENCE_ALMOST: 40,
    MatchReason.PAYER_REFERENCE: 30,
    MatchReason.AMOUNT_EQUALS_OPEN: 25,
    MatchReason.AMOUNT_EQUALS_SUM: 25,
    MatchReason.AMOUNT_ABOVE_OPEN: 0,
    MatchReason.AMOUNT_BELOW_OPEN: 0,
    MatchReason.ACCOUNT: 30,
    MatchReason.NAME_EQUAL: 20,
    MatchReason.NAME_ALIKE: 10,
}


@dataclass(frozen=True, slots=True)
class Payable:
    """An invoice with something open; `open_cents` > 0 whichever side owes it."""

    id: UUID
    number: str
    payment_reference: str
    open_cents: int
    due_on: date
    payer_id: UUID
    payer_name: str
    payer_ibans: frozenset[str] = frozenset()
    """Accounts that the payer is known to pay from."""
    payer_reference: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """A booking as the matcher sees it; `cents` > 0."""

    cents: int
    creditor_reference: str | None = None
    end_to_end_id: str | None = None
    remittance: str = ""
    counterparty_name: str | None = None
    counterparty_iban: str | None = None


@dataclass(frozen=True, slots=True)
class Certain:
    """What the movement pays, without a doubt: (invoice, cents), together all of it."""

    parts: tuple[tuple[UUID, int], ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the movement may pay, in this order, oldest first."""

    invoice_ids: tuple[UUID, ...]
    score: int
    reasons: tuple[MatchReason, ...]


class Matcher:
    """Of all open invoices of one entity; a text that names one of the `closed` as well proves nothing."""

    def __init__(self, open_invoices: Iterable[Payable], closed: Iterable[tuple[UUID, str, str]] = ()) -> None:
        self._by_id = {each.id: each for each in open_invoices}
        known = [(each.id, each.payment_reference, each.number) for each in self._by_id.values()]
        self._order = {id: place for place, id in enumerate(self._by_id)}
        self._references: References[UUID] = References.of([*closed, *known])
        self._by_amount = _grouped((each.open_cents, each.id) for each in self._by_id.values())
        self._by_iban = _grouped((iban, each.id) for each in self._by_id.values() for iban in each.payer_ibans)
        self._by_payer = _grouped((each.payer_id, each.id) for each in self._by_id.values())
        self._by_own = _grouped(
            (own, each.id)
            for each in self._by_id.values()
            if len(own := compact(each.payer_reference)) >= _SHORTEST_REFERENCE
        )

    def paid(self, parts: Iterable[tuple[UUID, int]]) -> None:
        """From now on so many cents less are open; what is settled is a closed invoice."""
        for id, cents in parts:
            before = self._by_id.pop(id)
            self._by_amount[before.open_cents].remove(id)
            if left := before.open_cents - cents:
                self._by_id[id] = replace(before, open_cents=left)
                self._by_amount.setdefault(left, []).append(id)

    def _open(self, ids: Iterable[UUID] | None) -> list[Payable]:
        """Those of the ids that are open, each once."""
        return [self._by_id[id] for id in dict.fromkeys(ids or ()) if id in self._by_id]

    # --- without a doubt ------------------------------------------------------------------------------------------

    def certain(self, movement: Movement) -> Certain | None:
        """The invoices that a reference names and whose open amount holds it; None where anything is left to judge."""
        structured = self._references.structured(movement.creditor_reference)
        named = dict.fromkeys(self._references.within(movement.remittance).exact)
        by_id = self._references.structured(movement.end_to_end_id)
        everything = {*named, *(each for each in (structured, by_id) if each is not None)}
        if len(everything) == 1:
            return self._single(movement, everything.pop(), structured, by_id)
        if structured is None and by_id is None and len(named) > 1:
            return self._several(movement, tuple(named))
        return None

    def _single(self, movement: Movement, id: UUID, structured: UUID | None, by_id: UUID | None) -> Certain | None:
        invoice = self._by_id.get(id)
        if invoice is None or not 0 < movement.cents <= invoice.open_cents:
            return None
        in_text = Rule.END_TO_END_ID if by_id else Rule.REFERENCE_IN_TEXT
        return Certain(((id, movement.cents),), Rule.PAYMENT_REFERENCE if structured else in_text)

    def _several(self, movement: Movement, ids: tuple[UUID, ...]) -> Certain | None:
        invoices = self._open(ids)
        if len(invoices) < len(ids) or sum(each.open_cents for each in invoices) != movement.cents:
            return None
        return Certain(tuple((each.id, each.open_cents) for each in invoices), Rule.REFERENCES_IN_TEXT)

    # --- proposals --------------------------------------------------------------------------------------------------

    def candidates(self, movement: Movement) -> list[Candidate]:
        """What it may pay, the likeliest first, at most five."""
        look = self._look(movement)
        found = [_single_candidate(movement, each, look) for each in self._worth_a_look(movement, look)]
        found += self._sums(movement, look)
        good = [each for each in found if each.score >= LEAST_SCORE]
        good.sort(key=lambda each: (-each.score, len(each.invoice_ids), self._order[each.invoice_ids[0]]))
        return good[:MOST_PROPOSALS]

    def _look(self, movement: Movement) -> "_Look":
        fields = (movement.creditor_reference, movement.end_to_end_id)
        found = self._references.within(" ".join(filter(None, (movement.remittance, *fields))))
        by_field = {id for id in map(self._references.structured, fields) if id is not None}
        words = {compact(word) for word in movement.remittance.split()}
        own = {id for word in words for id in self._by_own.get(word, ())}
        return _Look(frozenset(by_field | {*found.exact}), frozenset(found.almost), frozenset(own))

    def _worth_a_look(self, movement: Movement, look: "_Look") -> list[Payable]:
        alike = self._by_amount.get(movement.cents, ()), self._by_iban.get(movement.counterparty_iban or "", ())
        return self._open((*look.named, *look.almost, *look.own, *alike[0], *alike[1]))

    def _sums(self, movement: Movement, look: "_Look") -> Iterable[Candidate]:
        """Several invoices that are paid at once: those that are named, or the oldest of a payer that we know."""
        named = self._open(look.named)
        if 1 < len(named) <= MOST_TOGETHER and sum(each.open_cents for each in named) == movement.cents:
            yield _candidate(_ids(named), [MatchReason.REFERENCE, MatchReason.AMOUNT_EQUALS_SUM])
        theirs = self._open(self._by_iban.get(movement.counterparty_iban or ""))
        for payer_id in dict.fromkeys(each.payer_id for each in theirs):
            oldest = sorted(self._open(self._by_payer[payer_id]), key=lambda each: (each.due_on, each.number))
            oldest = oldest[:MOST_TOGETHER]
            for count, amount in enumerate(accumulate(each.open_cents for each in oldest), start=1):
                if amount == movement.cents and count > 1:
                    yield _candidate(_ids(oldest[:count]), [MatchReason.ACCOUNT, MatchReason.AMOUNT_EQUALS_SUM])


@dataclass(frozen=True, slots=True)
class _Look:
    """What a movement's texts say."""

    named: frozenset[UUID]
    almost: frozenset[UUID]
    own: frozenset[UUID]
    """By the payer's own reference."""


def _single_candidate(movement: Movement, invoice: Payable, look: _Look) -> Candidate:
    reasons = [*_about_reference(invoice.id, look), *_about_payer(movement, invoice)]
    reasons.append(_about_amount(movement.cents, invoice.open_cents))
    return _candidate((invoice.id,), reasons)


def _about_reference(id: UUID, look: _Look) -> Iterable[MatchReason]:
    if id in look.named:
        yield MatchReason.REFERENCE
    elif id in look.almost:
        yield MatchReason.REFERENCE_ALMOST
    if id in look.own:
        yield MatchReason.PAYER_REFERENCE


def _about_payer(movement: Movement, invoice: Payable) -> Iterable[MatchReason]:
    if movement.counterparty_iban in invoice.payer_ibans:
        yield MatchReason.ACCOUNT
    alike = likeness(movement.counterparty_name, invoice.payer_name)
    if alike >= _ALIKE:
        yield MatchReason.NAME_EQUAL if alike >= _VERY_ALIKE else MatchReason.NAME_ALIKE


def _about_amount(cents: int, open_cents: int) -> MatchReason:
    if cents == open_cents:
        return MatchReason.AMOUNT_EQUALS_OPEN
    return MatchReason.AMOUNT_ABOVE_OPEN if cents > open_cents else MatchReason.AMOUNT_BELOW_OPEN


def _candidate(ids: tuple[UUID, ...], reasons: Sequence[MatchReason]) -> Candidate:
    score = sum(_POINTS[reason] for reason in reasons)
    return Candidate(ids, max(1, min(score, _SURE)), tuple(reasons))


def _ids(invoices: Iterable[Payable]) -> tuple[UUID, ...]:
    return tuple(each.id for each in sorted(invoices, key=lambda each: (each.due_on, each.number)))


def _grouped(pairs: Iterable[tuple[G, UUID]]) -> dict[G, list[UUID]]:
    groups: dict[G, list[UUID]] = defaultdict(list)
    for key, id in pairs:
        groups[key].append(id)
    return dict(groups)


def spread(cents: int, open_amounts: Sequence[int]) -> list[int]:
    """An amount over open ones in their order, each no more than it holds; what is left over is nobody's."""
    parts, left = [], cents
    for amount in open_amounts:
        part = max(0, min(left, amount))
        parts.append(part)
        left -= part
    return parts
