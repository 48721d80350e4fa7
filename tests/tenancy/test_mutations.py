"""Every mutation that takes an id: of what is hidden it says what it says of what does not exist, and does nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
from graphql import GraphQLField

from api.reading.schema import permission_of
from tenants.audience import Audience
from tenants.rls import REGISTRY
from tests.tenancy.conftest import World, missing
from tests.tenancy.documents import arguments, id_arguments, mutation_document
from tests.tenancy.ids import global_id, hidden, kinds_for, parsed, seen_id
from tests.tenancy.inputs import NOT_FOUND, OTHER_REFUSALS, fitted

UNREAD = ("cron_slot",)
"""Tables that no mutation touches and the clock does."""


@dataclass(frozen=True)
class Question:
    """A mutation asked for an id at `path` of its arguments, by somebody who may use it."""

    name: str
    path: str
    who: str

    def __str__(self) -> str:
        return f"{self.name}({self.path})"


def mutations(world: World) -> dict[str, GraphQLField]:
    assert world.graphql.mutation_type
    return dict(world.graphql.mutation_type.fields)


def questions(world: World) -> Iterator[Question]:
    """Of one of each role but the platform's own people, from whom nothing is hidden."""
    for name, field in mutations(world).items():
        for path in id_arguments(field.args):
            for who, actor in world.few.items():
                if actor.may(permission_of(field)) and actor.audience is not Audience.SYSTEM:
                    yield Question(name, path, who)


async def test_a_mutation_says_the_same_of_hidden_and_of_absent(world: World) -> None:
    """One answer to both, down to field and message, and nothing changes.

    Each id is looked up for somebody at least: an argument of which that is not seen to happen would prove nothing.
    """
    before, asked, looked_up, shown = await _contents(world), set(), set(), {}
    for question in questions(world):
        asked.add(str(question))
        for kind in kinds_for(world, question.path, question.name, mutations(world)[question.name]):
            answer = await _ask_for_hidden(world, question, kind)
            looked_up |= {str(question)} if answer and _was_looked_up(question, answer) else set()
            shown[question, kind] = answer is None
    looked_up |= await _shared_by_all(world, shown)
    assert await _contents(world) == before
    assert asked - looked_up == set()


async def _shared_by_all(world: World, shown: dict[tuple[Question, str], bool]) -> set[str]:
    """Questions about what nobody who may ask has hidden from it, and which look up what does not exist."""
    hiding = {str(question) for (question, _), everything in shown.items() if not everything}
    found: set[str] = set()
    for question, kind in shown:
        if str(question) not in hiding | found:
            absent = missing(world.oracle.tables[world.kinds()[kind]])
            answer = await _ask(world, question, global_id(kind, absent))
            found |= {str(question)} if _was_looked_up(question, answer) else set()
    return found


async def _ask_for_hidden(world: World, question: Question, kind: str) -> "Answer | None":
    """The one answer to what is hidden and what does not exist; None for who sees everything of the kind."""
    id = hidden(world, world.actors[question.who], kind)
    if id is None:
        return None
    of_hidden = await _ask(world, question, global_id(kind, id))
    of_absent = await _ask(world, question, global_id(kind, missing(world.oracle.tables[world.kinds()[kind]])))
    assert of_hidden == of_absent, f"{question} of a {kind} as {question.who}"
    return of_hidden


@dataclass(frozen=True)
class Answer:
    """What a client reads: the data with every user error's code, field and message, and the errors of the request."""

    data: Any
    errors: list[Any]
    alone: bool
    """Whether the id that was asked for was the only one in the arguments."""

    @property
    def refusals(self) -> set[tuple[str, str]]:
        """(code, field) of the user errors; the field's last name, without list positions."""
        payload = next(iter((self.data or {}).values()), None) or {}
        return {(error["code"], _last(error["field"])) for error in payload.get("userErrors", [])}


def _last(field: list[str]) -> str:
    return next((part for part in reversed(field) if not part.isdigit()), "")


def _was_looked_up(question: Question, answer: Answer) -> bool:
    """Refused for this very id: at its field, or at none other where no other id was given."""
    own = _last(question.path.split("."))
    stands_for = {(NOT_FOUND, own), OTHER_REFUSALS.get(str(question), (NOT_FOUND, own))}
    if answer.alone:
        stands_for |= {(NOT_FOUND, "id"), (NOT_FOUND, "")}
    return bool(stands_for & answer.refusals)


async def _ask(world: World, question: Question, id: str) -> Answer:
    """With this id at the question's path; other ids that are required are of rows that the actor sees."""
    actor, field = world.actors[question.who], mutations(world)[question.name]

    def give_id(at: str, required: bool) -> str | None:
        if at == question.path:
            return id
        return seen_id(world, actor, kinds_for(world, at, question.name, field)[0]) if required else None

    values = fitted(world, actor, question.name, question.path, arguments(field.args, give_id))
    result = await world.execute(actor, mutation_document(question.name, field), values)
    errors = [_without_error_id(error) for error in result.errors or []]
    return Answer(result.data, errors, alone=_ids_in(values) == 1)


def _ids_in(values: Any) -> int:
    if isinstance(values, dict | list):
        return sum(_ids_in(value) for value in (values.values() if isinstance(values, dict) else values))
    return int(parsed(values) is not None)


def _without_error_id(error: Any) -> tuple[Any, ...]:
    extensions = {key: value for key, value in (error.extensions or {}).items() if key != "errorId"}
    return error.message, tuple(error.path or ()), extensions


async def test_every_mutation_is_refused_without_its_permission(world: World) -> None:
    nobody = missing(world.oracle.tables["order"])
    for name, field in mutations(world).items():
        for who, actor in world.actors.items():
            if not actor.may(permission_of(field)):
                values = arguments(field.args, lambda at, _: global_id("Order", nobody))
                result = await world.execute(actor, mutation_document(name, field), values)
                codes = {(error.extensions or {}).get("code") for error in result.errors or []}
                assert codes in ({"FORBIDDEN"}, {"UNAUTHENTICATED"}), f"{name} as {who}: {result}"


async def _contents(world: World) -> dict[str, tuple[int, Any]]:
    """Rows and a checksum of every table."""
    owner = await asyncpg.connect(world.database.url)
    try:
        counted = 'SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM "{}" t'
        rows = {table: await owner.fetch(counted.format(table)) for table in REGISTRY if table not in UNREAD}
        return {table: tuple(row) for table, (row,) in rows.items()}
    finally:
        await owner.close()
