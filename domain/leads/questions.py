"""What a questionnaire may ask (L5): typed questions as data, checked before they are stored."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NoReturn

from domain.errors import (
    Duplicate,
    Faults,
    InvalidInput,
    NotAChoice,
    OutOfRange,
    Required,
    TooFew,
    TooMany,
    WrongType,
)
from domain.leads.errors import InvalidKey, NotForThisType, RefersForward
from domain.validation import integer, name, optional

MAX_QUESTIONS = 60
MAX_OPTIONS = 50
MAX_LABEL = 300
MAX_ANSWER = 2_000
"""Characters of a text answer, where the question does not set less."""
LARGEST = Decimal(1_000_000_000)
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class QuestionType(StrEnum):
    TEXT = "TEXT"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    CHOICE = "CHOICE"
    MULTI_CHOICE = "MULTI_CHOICE"
    DATE = "DATE"


class ShowOperator(StrEnum):
    """How the condition of a question compares the answer to an earlier one."""

    ANSWERED = "ANSWERED"
    IS = "IS"
    IS_NOT = "IS_NOT"
    AT_LEAST = "AT_LEAST"
    AT_MOST = "AT_MOST"


_CHOOSING = (QuestionType.CHOICE, QuestionType.MULTI_CHOICE)
_ORDERED = (QuestionType.NUMBER, QuestionType.DATE)


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    label_en: str = ""


@dataclass(frozen=True, slots=True)
class ShowIf:
    """The question is asked when the answer to the earlier question `key` compares so with one of `values`."""

    key: str
    operator: ShowOperator
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """`minimum` and `maximum` bound a number, a date (ISO 8601), or how many options are chosen; both included."""

    key: str
    type: QuestionType
    label: str
    label_en: str = ""
    required: bool = False
    options: tuple[Option, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    decimals: int = 0
    max_length: int | None = None
    show_if: ShowIf | None = field(default=None)

    @property
    def stored(self) -> dict[str, Any]:
        """As JSON; what says nothing is left out."""
        values: dict[str, Any] = {"key": self.key, "type": self.type.value, "label": self.label}
        values |= {"label_en": self.label_en, "required": self.required, "decimals": self.decimals}
        values |= {"minimum": self.minimum, "maximum": self.maximum, "max_length": self.max_length}
        values["options"] = [{"value": o.value, "label": o.label, "label_en": o.label_en} for o in self.options]
        if self.show_if:
            shown = self.show_if
            values["show_if"] = {"key": shown.key, "operator": shown.operator.value, "values": list(shown.values)}
        return values


def question_of(stored: Mapping[str, Any]) -> Question:
    """A question that was checked when it was stored."""
    shown = stored.get("show_if")
    return Question(
        key=stored["key"],
        type=QuestionType(stored["type"]),
        label=stored["label"],
        label_en=stored.get("label_en", ""),
        required=stored.get("required", False),
        options=tuple(Option(o["value"], o["label"], o.get("label_en", "")) for o in stored.get("options", ())),
        minimum=stored.get("minimum"),
        maximum=stored.get("maximum"),
        decimals=stored.get("decimals", 0),
        max_length=stored.get("max_length"),
        show_if=ShowIf(shown["key"], ShowOperator(shown["operator"]), tuple(shown["values"])) if shown else None,
    )


def questions_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Question, ...]:
    return tuple(question_of(each) for each in stored)


def bound(type: QuestionType, given: str) -> Decimal | date:
    """A minimum, maximum or compared value in the terms of the type; WrongType where it is not one."""
    try:
        return date.fromisoformat(given) if type is QuestionType.DATE else _finite(given)
    except (ValueError, InvalidOperation) as error:
        raise WrongType(expected=_EXPECTED[type]) from error


def _finite(given: str) -> Decimal:
    value = Decimal(given)
    if not value.is_finite() or abs(value) > LARGEST:
        raise ValueError(given)
    return value


_NUMBER = {"nl": "een getal", "en": "a number"}
_EXPECTED: dict[QuestionType, dict[str, str]] = {
    QuestionType.DATE: {"nl": "een datum zoals 2026-01-31", "en": "a date such as 2026-01-31"},
    QuestionType.NUMBER: _NUMBER,
    QuestionType.MULTI_CHOICE: _NUMBER,
}


def checked(questions: Sequence[Question], *field: str | int) -> tuple[Question, ...]:
    """The questions in normal form, or all their faults: unique keys, fitting bounds, conditions that refer back."""
    if not questions:
        raise TooFew(field=field, minimum=1)
    if len(questions) > MAX_QUESTIONS:
        raise TooMany(field=field, maximum=MAX_QUESTIONS)
    faults, earlier = Faults(), dict[str, Question]()
    for position, question in enumerate(questions):
        found = faults.take(lambda given: _checked(given, earlier), question, *field, position)
        earlier[question.key] = found or question
    faults.raise_any()
    return tuple(earlier.values())


def _checked(question: Question, earlier: Mapping[str, Question]) -> Question:
    faults = Faults()
    faults.take(_key, question.key, "key")
    if question.key in earlier:
        faults.add(Duplicate(field=("key",)))
    label = faults.take(lambda given: name(given, maximum=MAX_LABEL), question.label, "label")
    english = faults.take(lambda given: optional(_label, given), question.label_en, "label_en")
    options = faults.take(lambda given: _options(question.type, given), question.options, "options")
    faults.take(_bounds, question)
    if question.show_if:
        faults.take(lambda given: _show_if(given, earlier), question.show_if, "show_if")
    faults.raise_any()
    return Question(**{**_fields(question), "label": label, "label_en": english or "", "options": options})


def _fields(question: Question) -> dict[str, Any]:
    return {name: getattr(question, name) for name in Question.__dataclass_fields__}


def _label(given: str) -> str:
    return name(given, maximum=MAX_LABEL)


def _key(given: str) -> str:
    if not isinstance(given, str) or not _KEY.fullmatch(given):
        raise InvalidKey
    return given


def _options(type: QuestionType, options: Sequence[Option]) -> tuple[Option, ...]:
    if type not in _CHOOSING:
        if options:
            raise NotForThisType(type=type.value)
        return ()
    if len(options) < 2:
        raise TooFew(minimum=2)
    if len(options) > MAX_OPTIONS:
        raise TooMany(maximum=MAX_OPTIONS)
    faults, seen = Faults(), set[str]()
    found = [faults.take(lambda given: _option(given, seen), option, at) for at, option in enumerate(options)]
    faults.raise_any()
    return tuple(option for option in found if option)


def _option(option: Option, seen: set[str]) -> Option:
    faults = Faults()
    value = faults.take(lambda given: name(given, maximum=60), option.value, "value")
    if value in seen:
        faults.add(Duplicate(field=("value",)))
    seen.add(value or "")
    label = faults.take(_label, option.label, "label")
    english = faults.take(lambda given: optional(_label, given), option.label_en, "label_en")
    faults.raise_any()
    return Option(value or "", label or "", english or "")


def _bounds(question: Question) -> None:
    faults, type = Faults(), question.type
    for side in ("minimum", "maximum"):
        if (given := getattr(question, side)) is not None:
            faults.take(lambda text: _bound_for(type, text), given, side)
    if question.max_length is not None:
        allowed = type is QuestionType.TEXT
        faults.take(
            lambda n: integer(n, 1, MAX_ANSWER) if allowed else _not_for(type), question.max_length, "max_length"
        )
    if question.decimals:
        allowed = type is QuestionType.NUMBER
        faults.take(lambda n: integer(n, 0, 6) if allowed else _not_for(type), question.decimals, "decimals")
    if not faults.errors:
        faults.take(_not_crossed, question, "maximum")
    faults.raise_any()


def _bound_for(type: QuestionType, given: str) -> Decimal | date:
    if type not in (*_ORDERED, QuestionType.MULTI_CHOICE):
        _not_for(type)
    found = bound(type, given)
    if type is QuestionType.MULTI_CHOICE and not (given.isascii() and given.isdigit() and int(given) <= MAX_OPTIONS):
        raise OutOfRange(minimum=0, maximum=MAX_OPTIONS)
    return found


def _not_for(type: QuestionType) -> NoReturn:
    raise NotForThisType(type=type.value)


def _not_crossed(question: Question) -> None:
    if question.minimum is None or question.maximum is None:
        return
    low, high = (bound(question.type, text) for text in (question.minimum, question.maximum))
    if low > high:  # type: ignore[operator]  # bound() gives both in the terms of one type
        raise OutOfRange(minimum=question.minimum, maximum="∞")


def _show_if(shown: ShowIf, earlier: Mapping[str, Question]) -> None:
    asked = earlier.get(shown.key)
    if asked is None:
        raise RefersForward(field=("key",))
    if shown.operator is ShowOperator.ANSWERED:
        if shown.values:
            raise InvalidInput(field=("values",))
        return
    if not shown.values:
        raise Required(field=("values",))
    if len(shown.values) > MAX_OPTIONS:
        raise TooMany(field=("values",), maximum=MAX_OPTIONS)
    faults = Faults()
    for at, value in enumerate(shown.values):
        faults.take(lambda given: _compared(asked, shown.operator, given), value, "values", at)
    faults.raise_any()


def _compared(asked: Question, operator: ShowOperator, value: str) -> None:
    """Raise unless an answer to `asked` can be compared so with `value`."""
    if asked.type in _ORDERED:
        bound(asked.type, value)
    elif operator in (ShowOperator.AT_LEAST, ShowOperator.AT_MOST):
        raise NotForThisType(type=asked.type.value)
    choices = [option.value for option in asked.options] or ["true", "false"]
    if asked.type in (*_CHOOSING, QuestionType.BOOLEAN) and value not in choices:
        raise NotAChoice(choices=", ".join(choices))
