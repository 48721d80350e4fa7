"""What may be the value of a field, before it is weighed against what else may be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from domain.mail_reading.addresses import Found
from domain.mail_reading.dates import Day, days_in
from domain.mail_reading.fields import Known
from domain.mail_reading.source import Line
from domain.mail_reading.template import EMPTY, Template


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value at a place; `weight` is how much speaks for it, in log-odds."""

    path: str
    value: str
    part: int
    start: int
    end: int
    method: str
    weight: float
    rule: str = ""
    """The key of the template's rule that led here."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a line that stands beside a label, or alone."""

    line: Line
    text: str
    start: int

    @classmethod
    def of(cls, line: Line, start: int = 0, end: int | None = None) -> "Stretch":
        """The characters start to end of a line, counted in the line."""
        text = line.text[start:end]
        lead = len(text) - len(text.lstrip())
        return cls(line, text.strip(), line.start + start + lead)

    def candidate(self, path: str, found: Found, method: str, weight: float) -> Candidate:
        at = self.start + found.start
        return Candidate(path, found.value, self.line.part, at, self.start + found.end, method, weight - found.doubt)


@dataclass(frozen=True)
class Context:
    """What the lines of a mail are read with."""

    known: Known = field(default_factory=Known)
    template: Template = EMPTY
    written: date | None = None
    english: bool = False
    own_domains: frozenset[str] = frozenset()
    """Of the addresses in From and To: those who write, not those who are written about."""
    sku_names: dict[str, str] = field(default_factory=dict)
    """By plain name, the article number; only names that one article has."""
    folded_skus: dict[str, str] = field(default_factory=dict)
    """Article numbers by what they are without regard to capitals."""

    def days(self, text: str) -> Iterator[Day]:
        """The days that a text names."""
        return days_in(text, self.written, self.english)


def shifted(candidates: Sequence[Candidate], weight: float) -> list[Candidate]:
    """The same with another weight."""
    return [replace(candidate, weight=candidate.weight + weight) for candidate in candidates]
