"""Expected failures as clients see them: `userErrors` of a mutation's payload, with a code, a path and a message."""

import importlib
import pkgutil
from collections.abc import Iterable
from enum import Enum

import strawberry

import domain
from domain.errors import DomainError, DomainErrors, registry

_REFUSE_NOTHING = frozenset({"domain.planning.solver", "domain.documents.making"})
"""Load OR-Tools, typst, Saxon and lxml, which only the processes that plan or make documents need."""


def _import_all(path: Iterable[str], prefix: str) -> None:
    """Every stated code has to be known before the enum is made."""
    for found in pkgutil.iter_modules(path, prefix):
        if found.name not in _REFUSE_NOTHING:
            module = importlib.import_module(found.name)
            if found.ispkg:
                _import_all(module.__path__, f"{found.name}.")


def _error_code() -> type[Enum]:
    _import_all(domain.__path__, "domain.")
    values = {code: strawberry.enum_value(code, description=error.en) for code, error in registry().items()}
    made = Enum("ErrorCode", values)  # type: ignore[misc]  # the members are the registered codes
    return strawberry.enum(made, description="Why a mutation was refused. Codes are never renamed.")


ErrorCode = _error_code()


@strawberry.type(description="One reason why a mutation changed nothing.")
class UserError:
    code: str = strawberry.field(graphql_type=ErrorCode, description="Stable code for programs.")
    field: list[str] = strawberry.field(
        description="Where the fault is in the input, outermost first; list positions count from 0. Empty: the whole."
    )
    message: str = strawberry.field(description="For the person, in the language of the caller.")


def user_errors(refused: DomainError | DomainErrors, language: str) -> list[UserError]:
    """The refusal in the caller's language, field names as the schema spells them."""
    return [
        UserError(code=error.code, field=[camel(part) for part in error.field], message=error.message(language))
        for error in refused.errors
    ]


def camel(part: str | int) -> str:
    """`end_customer_id` → `endCustomerId`; a list position becomes text."""
    first, *rest = str(part).split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
