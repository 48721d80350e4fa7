"""Answers to a questionnaire: typed, normalised, and checked against the questions that are asked (L5)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from domain.errors import Duplicate, Faults, OutOfRange, Required, TooFew, TooMany, WrongType
from domain.leads.errors import QuestionNotAsked, TooPrecise, UnknownQuestion
from domain.leads.questions import (
    LARGEST,
    MAX_ANSWER,
    MAX_QUESTIONS,
    Question,
    QuestionType,
    ShowIf,
    ShowOperator,
    bound,
)
from domain.validation import choice, text

Answers = dict[str, Any]
"""By key: text, a number, a boolean, an option's value, a list of them, or an ISO 8601 date."""


def answered(
    questions: Sequence[Question], earlier: Mapping[str, Any], given: Mapping[str, Any], *, complete: bool
) -> Answers:
    """`earlier` with `given` laid over it, in the order of the questions; null takes an answer back.

    Answers to questions that are no longer asked are dropped. All faults at once, each at its key; with `complete`
    every required question that is asked must be answered.
    """
    faults = Faults()
    if len(given) > MAX_QUESTIONS:
        raise TooMany(maximum=MAX_QUESTIONS)
    known = {question.key for question in questions}
    faults.add(*(UnknownQuestion(field=(str(key)[:60],)) for key in given if key not in known))
    kept: Answers = {}
    for question in questions:
        _take(faults, question, earlier, given, kept, complete)
    faults.raise_any()
    return kept


def _take(
    faults: Faults,
    question: Question,
    earlier: Mapping[str, Any],
    given: Mapping[str, Any],
    kept: Answers,
    complete: bool,
) -> None:
    """Put the answer to `question` into `kept`, or its fault into `faults`."""
    key, errors = question.key, len(faults.errors)
    if not is_asked(question, kept):
        if given.get(key) is not None:
            faults.add(QuestionNotAsked(field=(key,)))
        return
    value = given.get(key) if key in given else earlier.get(key)
    if value is not None and (found := faults.take(lambda answer: _normal(question, answer), value, key)) is not None:
        kept[key] = found
    if complete and question.required and key not in kept and len(faults.errors) == errors:
        faults.add(Required(field=(key,)))


def is_asked(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether the answers to earlier questions call for this one."""
    shown = question.show_if
    return shown is None or (shown.key in answers and _holds(shown, answers[shown.key]))


def share_answered(questions: Sequence[Question], answers: Mapping[str, Any]) -> float:
    """Part of the required questions now asked that has an answer, 0 to 1; 1 where none is required."""
    required = [question for question in questions if question.required and is_asked(question, answers)]
    return sum(question.key in answers for question in required) / len(required) if required else 1.0


def _holds(shown: ShowIf, answer: Any) -> bool:
    said = [_said(each) for each in (answer if isinstance(answer, list) else [answer])]
    pairs = [(each, type(each)(wanted)) for each in said for wanted in shown.values]
    match shown.operator:
        case ShowOperator.ANSWERED:
            return True
        case ShowOperator.IS:
            return any(one == other for one, other in pairs)
        case ShowOperator.IS_NOT:
            return all(one != other for one, other in pairs)
        case ShowOperator.AT_LEAST:
            return any(one >= other for one, other in pairs)
        case ShowOperator.AT_MOST:
            return any(one <= other for one, other in pairs)


def _said(answer: Any) -> Any:
    """A number as Decimal, everything else as text: ISO 8601 dates compare as text."""
    if isinstance(answer, bool):
        return str(answer).lower()
    return Decimal(str(answer)) if isinstance(answer, int | float) else str(answer)


def _normal(question: Question, answer: Any) -> Any:
    """The answer in its normal form; "" and [] are no answer."""
    if answer in ("", []):
        return None
    return _NORMAL[question.type](question, answer)


def _text(question: Question, answer: Any) -> str | None:
    return text(answer, minimum=0, maximum=question.max_length or MAX_ANSWER) or None


def _number(question: Question, answer: Any) -> int | float:
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise WrongType(expected={"nl": "een getal", "en": "a number"})
    value = Decimal(str(answer))
    if not value.is_finite() or abs(value) > LARGEST:
        raise OutOfRange(minimum=-LARGEST, maximum=LARGEST)
    if value != round(value, question.decimals):
        raise TooPrecise(decimals=question.decimals)
    _within(question, value)
    return int(value) if value == value.to_integral_value() else float(value)


def _boolean(question: Question, answer: Any) -> bool:
    if not isinstance(answer, bool):
        raise WrongType(expected={"nl": "ja of nee (true of false)", "en": "true or false"})
    return answer


def _choice(question: Question, answer: Any) -> str:
    if not isinstance(answer, str):
        raise WrongType(expected={"nl": "tekst", "en": "text"})
    return choice(answer, tuple(option.value for option in question.options))


def _choices(question: Question, answer: Any) -> list[str]:
    if not isinstance(answer, list):
        raise WrongType(expected={"nl": "een lijst", "en": "a list"})
    most = int(question.maximum) if question.maximum is not None else len(question.options)
    if len(answer) > most:
        raise TooMany(maximum=most)
    if question.minimum is not None and len(answer) < int(question.minimum):
        raise TooFew(minimum=int(question.minimum))
    faults, seen = Faults(), list[str]()
    for at, each in enumerate(answer):
        if faults.take(lambda given: _choice(question, given), each, at) in seen:
            faults.add(Duplicate(field=(at,)))
        seen.append(each)
    faults.raise_any()
    return [option.value for option in question.options if option.value in seen]


def _date(question: Question, answer: Any) -> str:
    if not isinstance(answer, str):
        raise WrongType(expected={"nl": "een datum zoals 2026-01-31", "en": "a date such as 2026-01-31"})
    found = bound(QuestionType.DATE, answer)
    _within(question, found)
    return str(found)


def _within(question: Question, value: Decimal | date) -> None:
    low, high = (bound(question.type, side) if side else None for side in (question.minimum, question.maximum))
    below = low is not None and value < low  # type: ignore[operator]  # both are in the terms of the question's type
    above = high is not None and value > high  # type: ignore[operator]  # both are in the terms of the question's type
    if below or above:
        raise OutOfRange(minimum=question.minimum or "-∞", maximum=question.maximum or "∞")


_NORMAL = {
    QuestionType.TEXT: _text,
    QuestionType.NUMBER: _number,
    QuestionType.BOOLEAN: _boolean,
    QuestionType.CHOICE: _choice,
    QuestionType.MULTI_CHOICE: _choices,
    QuestionType.DATE: _date,
}
