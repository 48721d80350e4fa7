"""What an import of a subject consists of: one function that takes a line in, and one that takes it back."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk.errors import UnknownField
from domain.bulk.models import BulkOperation
from domain.bulk.options import Options
from domain.contacts.addresses import Locates
from domain.errors import Faults, Required
from tenants.actor import Actor
from tenants.permissions import Permission

TEXT = {"nl": "tekst", "en": "text"}
NUMBER = {"nl": "een getal", "en": "a number"}
OBJECT = {"nl": "een object", "en": "an object"}
CENTS = {"nl": "een geheel aantal centen", "en": "a whole number of cents"}
TIME = {"nl": "een tijdstip in ISO 8601 met tijdzone", "en": "a time in ISO 8601 with its offset"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, and what was made of it before the transaction began."""

    number: int
    ready: Any


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a line: for the result file, and what taking it back needs."""

    result: dict[str, Any]
    undo: dict[str, Any] = field(default_factory=dict)


Prepare = Callable[[Locates, Mapping[str, Any]], Awaitable[Any]]
Take = Callable[[AsyncSession, BulkOperation, Actor, Line], Awaitable[Made]]
TakeBack = Callable[[AsyncSession, BulkOperation, Actor, Mapping[str, Any]], Awaitable[None]]


def nothing_needed(_options: Options) -> None:
    """Every option may be left out."""


@dataclass(frozen=True, slots=True)
class Import:
    """`prepare` reads a line and may ask the geocoder; `take` works in a session of the platform.

    `piece`: lines of one transaction, few where others wait for what it locks. `check`: the options that it needs.
    """

    permission: Permission
    prepare: Prepare
    take: Take
    undo: TakeBack | None
    piece: int
    by_partners: bool = True
    check: Callable[[Options], None] = nothing_needed


def partner_of(operation: BulkOperation) -> UUID:
    """The partner that an import is for. Raises: Required where staff named none."""
    named = operation.options.get("organization_id")
    found = UUID(named) if named else operation.organization_id
    if found is None:
        raise Required(field=("organization_id",))
    return found


def refuse_unknown(faults: Faults, values: Iterable[str], known: Iterable[str]) -> None:
    """Nothing of a line is passed over in silence."""
    names = sorted(known)
    for name in values:
        if name not in names:
            faults.add(UnknownField(known=", ".join(names), field=(name[:64],)))
