"""References in what payers write: creditor references (ISO 11649) and invoice numbers, also spaced and mistyped."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Generic, TypeVar

from stdnum import iso11649

K = TypeVar("K")

_SEPARATORS = re.compile(r"[^A-Z0-9]+")
_CREDITOR = re.compile(r"(?<![A-Z0-9])RF[ .\-/]?[0-9][ .\-/]?[0-9]")
_NEXT = r"[A-Z0-9]{1,8}[\-./_]*(?:SB[\-./_]*)?20[0-9]{2}[\-./_]"
"""How another number begins: its prefix may be digits, which are none of the number in front of it."""
_NUMBER = re.compile(
    r"(?<![A-Z0-9])(?P<prefix>[A-Z0-9]{1,8})[ \-./_]*(?:(?P<infix>SB)[ \-./_]*)?(?P<year>20[0-9]{2})"
    rf"[ \-./_]*(?P<digits>[0-9]{{1,9}}(?: (?!{_NEXT})[0-9]{{1,9}}){{0,4}})(?![0-9])"
)
_DIGITS = 5
"""As many as a number is written with at least, zeros in front."""
_LONGEST_CREDITOR = 25
_WINDOW = 60


@dataclass(frozen=True, slots=True)
class Found(Generic[K]):
    """What a text refers to: beyond doubt, and by what is almost a reference."""

    exact: tuple[K, ...] = ()
    almost: tuple[K, ...] = ()


@dataclass
class References(Generic[K]):
    """Known references by whose they are."""

    _creditor: dict[str, K] = field(default_factory=dict)
    _numbers: dict[str, K] = field(default_factory=dict)

    @classmethod
    def of(cls, known: Iterable[tuple[K, str, str]]) -> "References[K]":
        """Of (whose, creditor reference, number such as `CC-2026-00012`)."""
        made: References[K] = cls()
        for whose, creditor, number in known:
            made._creditor[compact(creditor)] = whose
            made._numbers[compact(number)] = whose
        return made

    def structured(self, reference: str | None) -> K | None:
        """Whose a structured reference is; a wrong check digit is nobody's."""
        if reference is None:
            return None
        written = compact(reference)
        return self._creditor.get(written) if iso11649.is_valid(written) else self._numbers.get(written)

    def within(self, text: str) -> Found[K]:
        """What a text refers to, each once, in the order of the text."""
        upper = text.upper()
        exact, almost = dict.fromkeys(self._creditors(upper)), dict.fromkeys(self._mistyped(upper))
        for whose, sure in self._numbered(upper):
            (exact if sure else almost)[whose] = None
        return Found(tuple(exact), tuple(whose for whose in almost if whose not in exact))

    def _creditors(self, text: str) -> Iterator[K]:
        for written in _tokens(text):
            known = [part for part in _beginnings(written) if part in self._creditor and iso11649.is_valid(part)]
            if known:
                yield self._creditor[known[-1]]

    def _mistyped(self, text: str) -> Iterator[K]:
        """Known references that differ from what is written by one character, or by two that changed places."""
        for written in _tokens(text):
            if any(part in self._creditor for part in _beginnings(written)):
                continue
            for known, whose in self._creditor.items():
                if nearly(written[: len(known)], known):
                    yield whose

    def _numbered(self, text: str) -> Iterator[tuple[K, bool]]:
        for match in _NUMBER.finditer(text):
            head = match["prefix"] + (match["infix"] or "") + match["year"]
            yield from _resolved(self._numbers, head, match["digits"].split(" "))


def possible(text: str) -> tuple[set[str], set[str]]:
    """Creditor references with the right check digits, and numbers as they are written, that a text may mean."""
    upper = text.upper()
    creditors = {part for token in _tokens(upper) for part in _beginnings(token) if iso11649.is_valid(part)}
    numbers = set()
    for match in _NUMBER.finditer(upper):
        for written in accumulate(match["digits"].split(" ")):
            parts = (match["prefix"], match["infix"], match["year"], written.lstrip("0").zfill(_DIGITS))
            numbers.add("-".join(filter(None, parts)))
    return creditors, numbers


def _resolved(numbers: Mapping[str, K], head: str, groups: list[str]) -> Iterator[tuple[K, bool]]:
    """Whose a number is that is written in groups of digits: what has all its digits is sure."""
    joined = [*accumulate(groups)]
    for written in joined:
        if len(written) >= _DIGITS and head + written in numbers:
            yield numbers[head + written], True
            return
    for written in joined:
        padded = head + written.lstrip("0").zfill(_DIGITS)
        if padded in numbers:
            yield numbers[padded], False


def compact(reference: str) -> str:
    """Capitals and digits alone."""
    return _SEPARATORS.sub("", reference.upper())


def nearly(written: str, known: str) -> bool:
    """Whether two texts of one length differ in one place, or in two neighbours that changed places."""
    if len(written) != len(known):
        return False
    apart = [place for place, (one, other) in enumerate(zip(written, known, strict=True)) if one != other]
    if len(apart) == 2 and apart[1] == apart[0] + 1:
        first, second = apart
        return written[first] == known[second] and written[second] == known[first]
    return len(apart) == 1


def _tokens(text: str) -> Iterator[str]:
    """What follows each `RF` and its two digits, written together."""
    for match in _CREDITOR.finditer(text):
        yield compact(text[match.start() : match.start() + _WINDOW])[:_LONGEST_CREDITOR]


def _beginnings(written: str) -> Iterator[str]:
    return (written[:length] for length in range(5, len(written) + 1))
