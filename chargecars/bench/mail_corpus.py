"""The labelled mails and how well they are read: precision, recall, calibration, what goes to review."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from domain.mail_reading.extraction import extract
from domain.mail_reading.fields import THRESHOLD, ExtractedField, ExtractedOrder, Known, product_field
from domain.mail_reading.learning import learned
from domain.mail_reading.message import read
from domain.mail_reading.template import EMPTY, Template

CORPUS = Path(__file__).resolve().parents[2] / "tests" / "domain" / "mail_reading" / "corpus"
BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0001)


@dataclass(frozen=True)
class Labelled:
    """A mail and the orders that it holds, as a person reads them: values by JSON path."""

    name: str
    part: str
    """tune: looked at while rules were made; held: not; later: measured once, then looked at; final: only measured."""
    partner: str
    raw: bytes
    orders: Sequence[Mapping[str, Any]]


@dataclass
class Counts:
    """Of one field: values read right, read wrong or where there are none, and not read."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)


@dataclass(frozen=True)
class Judged:
    """One value that was read, or one that should have been."""

    mail: str
    path: str
    read: ExtractedField | None
    wanted: Any
    right: bool


@dataclass
class Measured:
    """What reading some mails came to."""

    judged: list[Judged] = field(default_factory=list)
    mails: int = 0
    orders: int = 0
    split_wrong: list[str] = field(default_factory=list)
    """Mails in which another number of orders was found."""
    reviewed: int = 0
    """Orders with a field below the threshold, or without a required one."""
    asked: int = 0
    """Fields that somebody has to look at, missing ones with them."""

    @property
    def read(self) -> list[Judged]:
        return [one for one in self.judged if one.read is not None]

    @property
    def accepted(self) -> list[Judged]:
        return [one for one in self.read if one.read is not None and one.read.confidence >= THRESHOLD]

    @property
    def accepted_right(self) -> float:
        return sum(one.right for one in self.accepted) / max(1, len(self.accepted))

    @property
    def precision(self) -> float:
        """Of all values that were read, whatever their confidence."""
        return sum(one.right for one in self.read) / max(1, len(self.read))

    @property
    def recall(self) -> float:
        """Of all values that a person reads."""
        wanted = [one for one in self.judged if one.wanted is not None]
        return sum(one.right for one in wanted) / max(1, len(wanted))

    @property
    def brier(self) -> float:
        return sum((_chance(one) - one.right) ** 2 for one in self.read) / max(1, len(self.read))

    def by_field(self) -> dict[str, Counts]:
        counts: dict[str, Counts] = defaultdict(Counts)
        for one in self.judged:
            of_field = counts[kind_of(one.path)]
            of_field.right += one.right
            of_field.wrong += one.read is not None and not one.right
            of_field.missed += one.wanted is not None and not one.right
        return dict(counts)

    def reliability(self) -> Iterator[tuple[float, float, int, float, float]]:
        """Bin from, bin to, values in it, mean confidence, share that is right."""
        for low, high in pairwise(BINS):
            inside = [one for one in self.read if low <= _chance(one) < high]
            if inside:
                mean = sum(map(_chance, inside)) / len(inside)
                yield low, min(1.0, high), len(inside), mean, sum(one.right for one in inside) / len(inside)


def _chance(one: Judged) -> float:
    return one.read.confidence if one.read else 0.0


def kind_of(path: str) -> str:
    """A path without the position of a product."""
    product = product_field(path)
    return f"products.{product[1]}" if product else path.removeprefix("$.")


def corpus(*parts: str) -> list[Labelled]:
    """The labelled mails of these parts, of all where none is named."""
    mails = [_labelled(path) for path in sorted(CORPUS.glob("*.eml"))]
    return [mail for mail in mails if not parts or mail.part in parts]


def _labelled(path: Path) -> Labelled:
    label = json.loads(path.with_suffix(".json").read_text())
    return Labelled(path.stem, label["part"], label["partner"], path.read_bytes(), label["orders"])


def known() -> Known:
    """The article numbers and postcodes that the mails are checked against."""
    kept = json.loads((CORPUS / "known.json").read_text())
    return Known(kept["skus"], kept["places"])


def taught(mails: Iterable[Labelled]) -> dict[str, Template]:
    """By partner, what its mails teach where somebody corrects every one of them."""
    templates: dict[str, Template] = defaultdict(lambda: EMPTY)
    for mail in mails:
        message = read(mail.raw)
        for order in mail.orders:
            templates[mail.partner] = learned(templates[mail.partner], message, order, known())
    return templates


def measured(mails: Iterable[Labelled], templates: Mapping[str, Template]) -> Measured:
    """Read the mails and compare."""
    result = Measured()
    against = known()
    for mail in mails:
        template = templates.get(mail.partner)
        orders = extract(read(mail.raw), [template] if template else [], against)
        result.mails += 1
        if len(orders) != len(mail.orders):
            result.split_wrong.append(mail.name)
        for found, wanted in _matched(orders, mail.orders):
            _judge(result, mail.name, found, wanted)
    return result


def _matched(
    orders: Sequence[ExtractedOrder], labels: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[ExtractedOrder | None, Mapping[str, Any]]]:
    """Each labelled order with the one that it has most in common with; what is left over stands alone."""
    left = list(orders)
    for wanted in labels:
        best = max(
            left, key=lambda order: sum(_same(f.value, wanted.get(p)) for p, f in order.fields.items()), default=None
        )
        if best is not None:
            left.remove(best)
        yield best, wanted
    for order in left:
        yield order, {}


def _judge(result: Measured, name: str, found: ExtractedOrder | None, wanted: Mapping[str, Any]) -> None:
    fields = found.fields if found else {}
    for path in dict.fromkeys((*fields, *wanted)):
        value = fields.get(path)
        right = value is not None and _same(value.value, wanted.get(path))
        result.judged.append(Judged(name, path, value, wanted.get(path), right))
    if found is not None:
        asked = len(found.doubtful()) + len(found.missing)
        result.orders += 1
        result.asked += asked
        result.reviewed += asked > 0


def _same(value: Any, wanted: Any) -> bool:
    return wanted is not None and " ".join(str(value).split()) == " ".join(str(wanted).split())


def wrong_accepted(result: Measured) -> list[str]:
    """The values above the threshold that are wrong, in words."""
    return [
        f"{one.mail} {one.path}: {one.read.value!r}, not {one.wanted!r}"
        for one in result.accepted
        if not one.right and one.read
    ]
