"""Expected failures as data: a stable code, the path of the faulty field, a message in the caller's language."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from string import Formatter
from typing import Any, ClassVar, Self, TypeVar

FieldPath = tuple[str | int, ...]
T = TypeVar("T")

_STATED: dict[str, type["DomainError"]] = {}
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def language_of(tag: str) -> str:
    """The language messages exist in, "en" or "nl", for a tag such as "en-GB"; Dutch where it is neither."""
    return "en" if tag.lower().startswith("en") else "nl"


def _placeholders(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def _in_language(value: object, language: str) -> str:
    if isinstance(value, Mapping):
        return str(value[language])
    return str(value)


class DomainError(Exception):
    """An expected failure.

    A subclass with a code of its own, stated by no other, gives `code` and the templates `nl` and `en`, whose
    `{placeholders}` are the keyword parameters of the constructor. A parameter may be a mapping
    {"nl": …, "en": …}. `field` is a path of snake_case attribute names and list positions, outermost first.
    """

    code: ClassVar[str] = "DOMAIN_ERROR"
    nl: ClassVar[str] = "De bewerking is niet mogelijk."
    en: ClassVar[str] = "The operation is not possible."
    needs: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.needs = _placeholders(cls.en)
        if _placeholders(cls.nl) != cls.needs:
            raise TypeError(f"{cls.__name__}: the nl and en templates have different placeholders")
        if "code" in vars(cls):
            cls._state_code()

    @classmethod
    def _state_code(cls) -> None:
        if not _CODE.fullmatch(cls.code):
            raise TypeError(f"{cls.__name__}.code {cls.code!r} is not SCREAMING_SNAKE_CASE")
        if cls.code in _STATED:
            raise TypeError(f"{cls.code} is already stated by {_STATED[cls.code].__qualname__}")
        _STATED[cls.code] = cls

    def __init__(self, *, field: FieldPath = (), **parameters: object) -> None:
        missing = self.needs - parameters.keys()
        if missing:
            raise TypeError(f"{type(self).__name__} needs {', '.join(sorted(missing))}")
        self.field = field
        self.parameters = parameters
        super().__init__(self.code)

    @property
    def errors(self) -> tuple["DomainError", ...]:
        """The failure as a list of one, so that a handler treats it and DomainErrors alike."""
        return (self,)

    def message(self, language: str = "nl") -> str:
        chosen = language_of(language)
        template = self.en if chosen == "en" else self.nl
        return template.format_map({name: _in_language(self.parameters[name], chosen) for name in self.needs})

    def under(self, *path: str | int) -> Self:
        """The same error, its field path prefixed by where the faulty value was found."""
        self.field = (*path, *self.field)
        return self

    def __str__(self) -> str:
        where = ".".join(map(str, self.field))
        return f"{self.code}{f' at {where}' if where else ''}: {self.message('en')}"


class DomainErrors(Exception):
    """Several failures at once: all the faults of one input."""

    def __init__(self, errors: Iterable[DomainError]) -> None:
        self.errors = tuple(errors)
        if not self.errors:
            raise ValueError("DomainErrors needs at least one error")
        super().__init__("; ".join(map(str, self.errors)))


class Faults:
    """Collects the faults of an input and raises them together.

    with Faults() as faults:
        postcode = faults.take(parse_postcode, input.postcode, "address", "postcode")
        with faults.at("lines", 3):
            ...
    Leaving the block raises the one DomainError or a DomainErrors; a fault that is no DomainError passes at once.
    """

    def __init__(self) -> None:
        self.errors: list[DomainError] = []

    def add(self, *errors: DomainError) -> None:
        self.errors.extend(errors)

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Collect what the block raises, under the path."""
        try:
            yield
        except (DomainError, DomainErrors) as caught:
            self.add(*(error.under(*path) for error in caught.errors))

    def take(self, parse: Callable[..., T], value: object, *path: str | int) -> T | None:
        """parse(value), or None after collecting its faults under the path."""
        with self.at(*path):
            return parse(value)
        return None

    def raise_any(self) -> None:
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise DomainErrors(self.errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DomainError | DomainErrors):
            self.add(*error.errors)
        if error is None or isinstance(error, DomainError | DomainErrors):
            self.raise_any()


def registry() -> dict[str, type[DomainError]]:
    """Every code stated by an imported class, with that class, in alphabetical order."""
    return dict(sorted(_STATED.items()))


# --- what every area can meet -------------------------------------------------------------------------------------


class NotFound(DomainError):
    """Also for what exists but is not the actor's to see: the two must not differ in anything."""

    code = "NOT_FOUND"
    nl = "Niet gevonden."
    en = "Not found."


class PermissionDenied(DomainError):
    code = "PERMISSION_DENIED"
    nl = "Voor deze bewerking ontbreekt de bevoegdheid."
    en = "You do not have permission to do this."


class InvalidState(DomainError):
    code = "INVALID_STATE"
    nl = "De status is {current}; {wanted} is daarin niet mogelijk."
    en = "The state is {current}; {wanted} is not possible in it."

    def __init__(self, *, current: str, wanted: str, field: FieldPath = ()) -> None:
        super().__init__(field=field, current=current, wanted=wanted)


class Conflict(DomainError):
    code = "CONFLICT"
    nl = "Dit is in strijd met wat er al is vastgelegd."
    en = "This conflicts with what is already recorded."


class Stale(Conflict):
    """The caller changed a version that is no longer the newest."""

    code = "STALE_VERSION"
    nl = "Iemand anders heeft dit intussen gewijzigd. Laad opnieuw en probeer het nog eens."
    en = "Someone else has changed this in the meantime. Reload and try again."


class AlreadyExists(Conflict):
    code = "ALREADY_EXISTS"
    nl = "Deze waarde is al in gebruik."
    en = "This value is already in use."


class Expired(DomainError):
    code = "EXPIRED"
    nl = "De termijn hiervoor is verstreken."
    en = "The time for this has passed."


class RateLimited(DomainError):
    code = "RATE_LIMITED"
    nl = "Te veel verzoeken. Probeer het over {seconds} seconden opnieuw."
    en = "Too many requests. Try again in {seconds} seconds."

    def __init__(self, *, seconds: int, field: FieldPath = ()) -> None:
        super().__init__(field=field, seconds=seconds)


class IdempotencyKeyRequired(DomainError):
    code = "IDEMPOTENCY_KEY_REQUIRED"
    nl = "Deze bewerking vraagt een Idempotency-Key."
    en = "This operation needs an Idempotency-Key."


class IdempotencyKeyReused(Conflict):
    code = "IDEMPOTENCY_KEY_REUSED"
    nl = "Deze Idempotency-Key is al gebruikt met andere gegevens."
    en = "This Idempotency-Key was already used with different input."


class Unavailable(DomainError):
    """A service outside that the operation cannot do without does not answer."""

    code = "UNAVAILABLE"
    nl = "Een externe dienst is niet bereikbaar. Probeer het later opnieuw."
    en = "An external service cannot be reached. Try again later."


# --- faults of an input -------------------------------------------------------------------------------------------


class InvalidInput(DomainError):
    code = "INVALID_INPUT"
    nl = "De waarde is ongeldig."
    en = "The value is invalid."


class Required(InvalidInput):
    code = "REQUIRED"
    nl = "Dit veld is verplicht."
    en = "This field is required."


class TooShort(InvalidInput):
    code = "TOO_SHORT"
    nl = "Minimaal {minimum} tekens."
    en = "At least {minimum} characters."


class TooLong(InvalidInput):
    code = "TOO_LONG"
    nl = "Maximaal {maximum} tekens."
    en = "At most {maximum} characters."


class TooFew(InvalidInput):
    code = "TOO_FEW"
    nl = "Minimaal {minimum} regels."
    en = "At least {minimum} items."


class TooMany(InvalidInput):
    code = "TOO_MANY"
    nl = "Maximaal {maximum} regels."
    en = "At most {maximum} items."


class OutOfRange(InvalidInput):
    code = "OUT_OF_RANGE"
    nl = "De waarde moet tussen {minimum} en {maximum} liggen."
    en = "The value must be between {minimum} and {maximum}."


class WrongType(InvalidInput):
    code = "WRONG_TYPE"
    nl = "Verwacht: {expected}."
    en = "Expected: {expected}."


class NotAChoice(InvalidInput):
    code = "NOT_A_CHOICE"
    nl = "Kies een van: {choices}."
    en = "Choose one of: {choices}."


class Duplicate(InvalidInput):
    code = "DUPLICATE_VALUE"
    nl = "Deze waarde komt meer dan eens voor."
    en = "This value occurs more than once."
