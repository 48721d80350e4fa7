"""Questions are checked before they are stored, answers against the questions that are asked."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DomainError, DomainErrors
from domain.leads.answers import answered, share_answered
from domain.leads.questions import Option, Question, QuestionType, ShowIf, ShowOperator, checked, questions_of

T, S = QuestionType, ShowOperator
OPTIONS = (Option("wall", "Muur"), Option("pole", "Paal"), Option("other", "Anders"))
OWNER = Question("owner", T.BOOLEAN, "Eigen woning?", required=True)
PERMISSION = Question("permission", T.BOOLEAN, "Toestemming?", required=True, show_if=ShowIf("owner", S.IS, ("false",)))
DISTANCE = Question("distance", T.NUMBER, "Meters?", required=True, minimum="0", maximum="200", decimals=1)
LONG = Question("long", T.TEXT, "Waarom zo ver?", max_length=20, show_if=ShowIf("distance", S.AT_LEAST, ("50",)))
MOUNT = Question("mount", T.CHOICE, "Waaraan?", options=OPTIONS)
WISHES = Question("wishes", T.MULTI_CHOICE, "Wensen?", options=OPTIONS, minimum="1", maximum="2")
START = Question("start", T.DATE, "Vanaf?", minimum="2020-01-01", maximum="2099-12-31")
ALL = (OWNER, PERMISSION, DISTANCE, LONG, MOUNT, WISHES, START)


def faults(of: Callable[[], object]) -> list[tuple[str, tuple[str | int, ...]]]:
    with pytest.raises((DomainError, DomainErrors)) as caught:
        of()
    return [(error.code, error.field) for error in caught.value.errors]  # type: ignore[union-attr]


def test_a_good_questionnaire_is_kept_as_it_is_and_survives_storage() -> None:
    assert checked(ALL, "questions") == ALL
    assert questions_of([question.stored for question in ALL]) == ALL


def test_all_faults_of_a_questionnaire_come_at_once_with_their_paths() -> None:
    faulty = [
        Question("Owner", T.BOOLEAN, " "),
        Question("a", T.CHOICE, "A", options=OPTIONS[:1]),
        Question("a", T.TEXT, "A", minimum="1"),
        Question("b", T.NUMBER, "B", minimum="5", maximum="4"),
        Question("c", T.TEXT, "C", show_if=ShowIf("d", S.IS, ("x",))),
        Question("d", T.CHOICE, "D", options=(*OPTIONS, OPTIONS[0])),
        Question("e", T.TEXT, "E", show_if=ShowIf("b", S.IS, ("many",))),
        Question("f", T.DATE, "F", maximum="31-01-2026"),
        Question("g", T.MULTI_CHOICE, "G", options=OPTIONS, minimum="0.5"),
        Question("h", T.TEXT, "H", show_if=ShowIf("a", S.AT_LEAST, ("x",))),
        Question("i", T.NUMBER, "I", minimum="NaN"),
    ]
    assert faults(lambda: checked(faulty, "questions")) == [
        ("INVALID_KEY", ("questions", 0, "key")),
        ("REQUIRED", ("questions", 0, "label")),
        ("TOO_FEW", ("questions", 1, "options")),
        ("DUPLICATE_VALUE", ("questions", 2, "key")),
        ("NOT_FOR_THIS_TYPE", ("questions", 2, "minimum")),
        ("OUT_OF_RANGE", ("questions", 3, "maximum")),
        ("REFERS_FORWARD", ("questions", 4, "show_if", "key")),
        ("DUPLICATE_VALUE", ("questions", 5, "options", 3, "value")),
        ("WRONG_TYPE", ("questions", 6, "show_if", "values", 0)),
        ("WRONG_TYPE", ("questions", 7, "maximum")),
        ("OUT_OF_RANGE", ("questions", 8, "minimum")),
        ("NOT_FOR_THIS_TYPE", ("questions", 9, "show_if", "values", 0)),
        ("WRONG_TYPE", ("questions", 10, "minimum")),
    ]


@pytest.mark.parametrize("count", [0, 61])
def test_a_questionnaire_has_1_to_60_questions(count: int) -> None:
    questions = [Question(f"q{at}", T.TEXT, "Q") for at in range(count)]
    assert faults(lambda: checked(questions, "questions"))[0][1] == ("questions",)


def test_answers_are_normalised_in_the_order_of_the_questions() -> None:
    given = {
        "start": "20261120",
        "wishes": ["other", "wall"],
        "mount": "pole",
        "long": "  garage  ",
        "distance": 80.5,
        "owner": True,
    }
    found = answered(ALL, {}, given, complete=True)
    assert found == {
        "owner": True,
        "distance": 80.5,
        "long": "garage",
        "mount": "pole",
        "wishes": ["wall", "other"],
        "start": "2026-11-20",
    }
    assert list(found) == [question.key for question in ALL if question.key in found]
    assert answered(ALL, found, {}, complete=True) == found


def test_a_part_may_be_saved_and_added_to_and_taken_back() -> None:
    saved = answered(ALL, {}, {"mount": "wall"}, complete=False)
    saved = answered(ALL, saved, {"owner": False}, complete=False)
    assert saved == {"owner": False, "mount": "wall"}
    assert answered(ALL, saved, {"mount": None, "owner": ""}, complete=False) == {}


def test_completing_demands_every_required_question_that_is_asked() -> None:
    saved = {"owner": False}
    assert faults(lambda: answered(ALL, saved, {}, complete=True)) == [
        ("REQUIRED", ("permission",)),
        ("REQUIRED", ("distance",)),
    ]
    assert faults(lambda: answered(ALL, saved, {"owner": True}, complete=True)) == [("REQUIRED", ("distance",))]


def test_answers_that_are_no_longer_asked_are_dropped() -> None:
    saved = {"owner": False, "permission": True}
    assert answered(ALL, saved, {"owner": True}, complete=False) == {"owner": True}


def test_all_wrong_answers_come_at_once() -> None:
    given: dict[str, Any] = {
        "owner": "yes",
        "permission": True,
        "distance": 200.1,
        "mount": "roof",
        "wishes": ["wall", "wall"],
        "start": "2019-12-31",
        "colour": "red",
    }
    assert faults(lambda: answered(ALL, {}, given, complete=False)) == [
        ("UNKNOWN_QUESTION", ("colour",)),
        ("WRONG_TYPE", ("owner",)),
        ("QUESTION_NOT_ASKED", ("permission",)),
        ("OUT_OF_RANGE", ("distance",)),
        ("NOT_A_CHOICE", ("mount",)),
        ("DUPLICATE_VALUE", ("wishes", 1)),
        ("OUT_OF_RANGE", ("start",)),
    ]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("distance", True, "WRONG_TYPE"),
        ("distance", "12", "WRONG_TYPE"),
        ("distance", 1.25, "TOO_PRECISE"),
        ("distance", float("nan"), "OUT_OF_RANGE"),
        ("distance", float("inf"), "OUT_OF_RANGE"),
        ("distance", -1, "OUT_OF_RANGE"),
        ("mount", ["wall"], "WRONG_TYPE"),
        ("wishes", "wall", "WRONG_TYPE"),
        ("wishes", ["wall", {}], "WRONG_TYPE"),
        ("wishes", ["wall", "pole", "other"], "TOO_MANY"),
        ("start", 20261120, "WRONG_TYPE"),
        ("start", "tomorrow", "WRONG_TYPE"),
        ("owner", 1, "WRONG_TYPE"),
    ],
)
def test_an_answer_of_the_wrong_kind_is_refused(key: str, value: Any, code: str) -> None:
    assert faults(lambda: answered(ALL, {}, {key: value}, complete=False))[0][0] == code


def test_a_text_is_bounded_and_safe() -> None:
    given = {"distance": 60}
    assert faults(lambda: answered(ALL, {}, given | {"long": "x" * 21}, complete=False)) == [("TOO_LONG", ("long",))]
    assert faults(lambda: answered(ALL, {}, given | {"long": "a\u202eb"}, complete=False)) == [
        ("UNSAFE_TEXT", ("long",))
    ]


def test_how_much_of_the_intake_is_done() -> None:
    assert share_answered(ALL, {}) == 0
    assert share_answered(ALL, {"owner": False}) == pytest.approx(1 / 3)
    assert share_answered(ALL, {"owner": True, "distance": 3}) == 1
    assert share_answered((MOUNT,), {}) == 1


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(["wall", "pole"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([question.key for question in ALL]), _anything))
def test_whatever_is_given_is_refused_with_a_code_or_kept_and_then_stable(given: dict[str, Any]) -> None:
    try:
        kept = answered(ALL, {}, given, complete=False)
    except (DomainError, DomainErrors):
        return
    assert answered(ALL, {}, kept, complete=False) == kept
