import pytest

from domain import errors, money
from domain.errors import DomainError, DomainErrors, Faults, InvalidState, NotFound, Required, TooLong


def positive(value: object) -> int:
    if not isinstance(value, int) or value <= 0:
        raise errors.OutOfRange(minimum=1, maximum=9, field=("count",))
    return value


def test_messages_speak_the_callers_language() -> None:
    error = InvalidState(current="sent", wanted="revise")
    assert error.message("nl-NL") == "De status is sent; revise is daarin niet mogelijk."
    assert error.message("en-GB") == "The state is sent; revise is not possible in it."
    assert error.message("fr") == error.message()


def test_a_parameter_may_itself_have_two_languages() -> None:
    error = errors.WrongType(expected={"nl": "een getal", "en": "a number"})
    assert error.message("nl") == "Verwacht: een getal."
    assert error.message("en") == "Expected: a number."


def test_values_are_never_read_as_a_template() -> None:
    assert "{0.__class__}" in errors.WrongType(expected="{0.__class__}").message("en")


def test_a_missing_parameter_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="maximum"):
        TooLong()


def test_not_found_says_nothing_about_what_was_looked_for() -> None:
    assert NotFound().message("nl") == NotFound(field=("id",)).message("nl") == "Niet gevonden."
    assert not NotFound.needs


@pytest.mark.parametrize(
    "stated",
    [{"code": "lower"}, {"code": "TRAILING_"}, {"code": "A_B", "nl": "{a}", "en": "{b}"}, {"code": "NOT_FOUND"}],
)
def test_a_malformed_error_class_cannot_be_defined(stated: dict[str, str]) -> None:
    with pytest.raises(TypeError):
        type("Malformed", (DomainError,), stated)
    assert not {"lower", "TRAILING_", "A_B"} & errors.registry().keys()
    assert errors.registry()["NOT_FOUND"] is NotFound


def check_all(faults: Faults) -> None:
    with faults:
        faults.take(positive, 0, "lines", 1)
        assert faults.take(positive, 4, "lines", 2) == 4
        with faults.at("lines", 3):
            raise DomainErrors([Required(field=("name",)), TooLong(maximum=3)])


def fail(faults: Faults, error: Exception) -> None:
    with faults:
        faults.add(Required(field=("name",)))
        raise error


def test_all_faults_are_reported_together_with_their_place() -> None:
    with pytest.raises(DomainErrors) as caught:
        check_all(Faults())
    assert [(error.code, error.field) for error in caught.value.errors] == [
        ("OUT_OF_RANGE", ("lines", 1, "count")),
        ("REQUIRED", ("lines", 3, "name")),
        ("TOO_LONG", ("lines", 3)),
    ]


def test_one_fault_is_raised_as_itself() -> None:
    with pytest.raises(Required) as caught, Faults() as faults:
        faults.add(Required(field=("name",)))
    assert caught.value.errors == (caught.value,)
    assert str(caught.value) == "REQUIRED at name: This field is required."


def test_a_fault_raised_in_the_block_joins_the_collected() -> None:
    with pytest.raises(DomainErrors) as caught:
        fail(Faults(), NotFound())
    assert [error.code for error in caught.value.errors] == ["REQUIRED", "NOT_FOUND"]


def test_a_bug_is_not_collected() -> None:
    with pytest.raises(KeyError):
        fail(Faults(), KeyError("bug"))


def test_no_fault_raises_nothing() -> None:
    with Faults() as faults:
        faults.take(positive, 1)
    assert faults.errors == []


def test_the_registry_holds_every_code_once() -> None:
    codes = errors.registry()
    assert codes["NOT_FOUND"] is NotFound
    assert codes["STALE_VERSION"] is errors.Stale
    assert codes["CURRENCY_MISMATCH"] is money.CurrencyMismatch
    assert list(codes) == sorted(codes)
